"""
What a camera that floods costs the others, in exact numbers: one server, no clock.

Ten cameras send a frame each second on average, another one fifty at once; a hundred can be served.
"""

import random
from collections import Counter, defaultdict, deque

import pytest

from tests.unit.workers.polled import polled_frame
from workers.freshness import Freshness
from workers.inbox import Inbox

CAMERAS = 10
SLOTS = 100
"""Frames that can be served in a second: instants are in units of one service time."""
SECONDS = 400
FLOOD = "flood"


class InTurn:
    """The inbox, one frame at a time."""

    def __init__(self):
        self._inbox = Inbox(1_000_000, Freshness((), None))
        self._polled = {}

    def put(self, camera):
        self._polled.setdefault(camera, polled_frame(camera=camera))
        self._inbox.put(self._polled[camera])

    def take(self):
        [polled] = self._inbox.take(1, lambda oldest: 0.0).frames
        self._inbox.release(polled)
        return polled.camera


class FirstCome(deque):
    """First come, first served."""

    put, take = deque.append, deque.popleft


def waits(queue, arrivals):
    """Service times from arrival to the end of service of the frames of all cameras but the flood, sorted."""
    coming = deque(sorted(arrivals))
    waiting = defaultdict(deque)  # instants of arrival by camera
    at, left, took = 0.0, len(arrivals), []
    while left:
        if not any(waiting.values()):
            at = max(at, coming[0][0])
        while coming and coming[0][0] <= at:
            arrived_at, camera = coming.popleft()
            waiting[camera].append(arrived_at)
            queue.put(camera)
        camera = queue.take()
        at, left = at + 1.0, left - 1
        arrived_at = waiting[camera].popleft()
        if camera != FLOOD:
            took.append(at - arrived_at)
    return sorted(took)


def p99(values):
    return values[int(0.99 * len(values))]


def all_at_once():
    """Cameras that a switch triggers together."""
    return [(second * SLOTS + 0.5, f"camera-{n}") for second in range(SECONDS) for n in range(CAMERAS)]


def at_random():
    draw = random.Random(3)
    frames = SECONDS * CAMERAS
    return [(draw.uniform(0.0, SECONDS * SLOTS), f"camera-{n % CAMERAS}") for n in range(frames)]


def flood():
    draw = random.Random(4)
    begins = [second * SLOTS + draw.random() for second in range(SECONDS)]
    return [(begin, FLOOD) for begin in begins for _ in range(50)]


@pytest.mark.parametrize(
    "others",
    [
        all_at_once(),
        at_random(),
    ],
    ids=["all at once", "at random"],
)
def test_one_camera_at_fifty_times_the_rate_of_the_others_at_most_doubles_their_p99(others):
    alone = waits(InTurn(), others)
    flooded = waits(InTurn(), others + flood())
    first_come = waits(FirstCome(), others + flood())

    print([p99(each) for each in (alone, flooded, first_come)])
    assert p99(first_come) > 4 * p99(alone)
    assert p99(flooded) <= 2 * p99(alone)


def test_a_flood_costs_a_lonely_camera_the_frame_under_way_and_one_turn():
    lonely = [(second * SLOTS + 0.5 + second % 50, "door") for second in range(SECONDS)]

    alone = waits(InTurn(), lonely)
    flooded = waits(InTurn(), lonely + flood())
    first_come = waits(FirstCome(), lonely + flood())

    assert alone[-1] == 1.0
    assert flooded[-1] <= 3.0
    assert first_come[-1] > 40.0


def test_cameras_that_ask_for_twice_what_can_be_detected_share_it_although_one_was_late():
    cameras, limit, now = [f"camera-{n}" for n in range(4)], 20.0, 0.0
    inbox = Inbox(1_000_000_000, Freshness((), limit), clock=lambda: now)
    detected, expired = Counter(), 0
    slots = 400
    for slot in range(slots):  # in each one frame can be detected, and two come
        for camera in cameras[:2] if slot % 2 else cameras[2:]:
            captured_at = slot - (limit if camera == cameras[0] and slot < limit else 0.0)
            inbox.put(polled_frame(camera=camera, captured_at=captured_at))
        now = slot + 1.0
        batch = inbox.take(1, lambda oldest: 0.0)
        detected.update(polled.camera for polled in batch.frames)
        expired += len(batch.expired)
        for polled in (*batch.frames, *(polled for polled, _ in batch.expired)):
            inbox.release(polled)

    assert detected.total() == slots
    assert min(detected[camera] for camera in cameras) > 0.9 * max(detected.values())
    assert slots - 2 * limit - len(cameras) <= expired <= slots
