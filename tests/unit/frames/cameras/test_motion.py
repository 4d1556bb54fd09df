"""The motion gate opens for what moves, where it counts, and now and then for nothing."""

from itertools import pairwise

import numpy as np
import pytest

from frames.cameras.motion import BACKGROUND_AFTER_S, MotionGate, MotionSettings

FPS = 5
SETTINGS = MotionSettings(hold_s=1.0, keep_alive_s=8.0)
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def scene(n: int, walker_x: int | None = None, width: int = 320) -> np.ndarray:
    """Picture *n* of a noisy grey wall; somebody bright, 20x60 pixels, stands before it at *walker_x*."""
    rng = np.random.default_rng(n)
    picture = rng.normal(110, 4, (240, width, 3)).clip(0, 255).astype(np.uint8)
    if walker_x is not None:
        picture[100:160, walker_x : walker_x + 20] = 190
    return picture


def opened(gate: MotionGate, pictures: list[np.ndarray], since: int = 0) -> list[int]:
    return [n for n, pixels in enumerate(pictures, since) if gate.passes(pixels, n / FPS)]


@pytest.fixture
def gate() -> MotionGate:
    """One that knows the wall."""
    gate = MotionGate(SETTINGS, ())
    opened(gate, [scene(n) for n in range(30)])
    return gate


def test_of_a_still_scene_the_first_frame_is_sent_and_one_each_keep_alive():
    gate = MotionGate(SETTINGS, ())

    sent = opened(gate, [scene(n) for n in range(100)])

    assert sent[0] == 0
    assert len(sent) <= 1 + SETTINGS.hold_s * FPS + 100 / FPS / SETTINGS.keep_alive_s
    assert max(after - before for before, after in pairwise(sent)) <= 8 * FPS


def test_who_walks_by_is_sent_from_the_first_frame_to_the_hold_time_after_the_last(gate):
    walking = [scene(n, 20 + 10 * (n - 30)) for n in range(30, 50)]
    gone = [scene(n) for n in range(50, 65)]

    sent = opened(gate, walking + gone, since=30)

    assert sent[:20] == list(range(30, 50))
    assert 49 + SETTINGS.hold_s * FPS - 1 <= sent[-1] < 62


def test_motion_outside_the_areas_does_not_count():
    gate = MotionGate(SETTINGS, (LEFT,))
    opened(gate, [scene(n) for n in range(30)])

    right = opened(gate, [scene(n, 170 + 6 * (n - 30)) for n in range(30, 50)], since=30)
    left = opened(gate, [scene(n, 10 + 6 * (n - 50)) for n in range(50, 60)], since=50)

    assert len(right) <= 1  # the keep-alive
    assert left == list(range(50, 60))


def test_who_stays_becomes_background(gate):
    sent = opened(gate, [scene(n, 100) for n in range(30, 130)], since=30)

    until = round((BACKGROUND_AFTER_S + SETTINGS.hold_s) * FPS)
    assert sent[: until - 2] == list(range(30, 28 + until))
    assert len(sent) < until + 2 + 100 / FPS / SETTINGS.keep_alive_s


def test_a_lamp_that_is_switched_on_is_motion(gate):
    brighter = [np.clip(scene(n).astype(int) + 60, 0, 255).astype(np.uint8) for n in range(30, 35)]

    assert opened(gate, brighter, since=30) == list(range(30, 35))


def test_a_camera_that_changes_its_resolution_goes_on():
    gate = MotionGate(SETTINGS, (LEFT,))
    opened(gate, [scene(n) for n in range(10)])

    assert 10 in opened(gate, [scene(n, width=480) for n in range(10, 15)], since=10)
