"""
One camera floods a real worker: what that costs the others.

Counted in frames that the worker finishes meanwhile, and not in seconds, so that a busy machine changes
nothing; a failpoint makes each frame slow enough that the way through Kafka is no part of it.
"""

import time

import cv2
import numpy as np
import pytest

from frames.ledger import read_ledger
from frames.publisher import Publisher, PublisherSettings
from frames.sources import captured
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)

OTHERS = tuple(f"camera-{n}" for n in range(8))
FLOOD = "flood"
TIMES = 50
ROUNDS = 4


@pytest.fixture
def image(store_images):
    """A frame of the store, as small as a stamp."""
    pixels = cv2.imdecode(np.frombuffer(store_images[0], np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", cv2.resize(pixels, (160, 120)))[1].tobytes()


@pytest.fixture
def appended(kafka, topics, image):
    """Appends a frame of each of *cameras*, in this order; returns their instants of append by record."""

    def appended(cameras):
        instants = {}
        publisher = Publisher(
            kafka,
            topics,
            PublisherSettings(),
            on_acknowledged=lambda frame, record, at: instants.__setitem__(record, at),
        )
        for n, camera in enumerate(cameras):
            publisher.offer(captured(camera, image, time.time(), n))
        assert publisher.close(timeout_s=30).acknowledged == len(cameras)
        return instants

    return appended


def test_one_camera_at_fifty_times_the_rate_of_the_others_at_most_doubles_their_p99(
    kafka, topics, start_worker, appended
):
    start_worker(failpoint=";".join(f"before-decode:slow=0.08:camera={c}" for c in (*OTHERS, FLOOD)))
    appended_at, ended_at, camera_of = {}, {}, {}

    def note(outcome, at):
        ended_at[outcome.record], camera_of[outcome.record] = at, outcome.camera

    def took(cameras):
        """One round, to its end: for each frame of the others how many frames ended until it did."""
        records = appended(cameras)
        appended_at.update(records)
        until(lambda: read_ledger(kafka, topics, on_outcome=note).balanced, every_s=0.5)
        return [
            sum(appended_at[record] < at <= ended_at[record] for at in ended_at.values())
            for record in records
            if camera_of[record] != FLOOD
        ]

    took(OTHERS)  # the first also waits for the worker to start
    alone = [frames for _ in range(ROUNDS) for frames in took(OTHERS)]
    flooded = [frames for _ in range(ROUNDS) for frames in took([FLOOD] * TIMES + list(OTHERS))]

    print(f"frames until one of the others ended: alone {sorted(alone)}, beside the flood {sorted(flooded)}")
    assert len(flooded) == len(alone) == ROUNDS * len(OTHERS)
    assert p99(flooded) <= 2 * p99(alone)
    assert p99(flooded) < TIMES / 2, "first come, first served would have them wait for all of the flood"


def p99(values):
    return sorted(values)[int(0.99 * len(values))]
