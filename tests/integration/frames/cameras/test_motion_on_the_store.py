"""
The motion gate on drawn shops, where it is known who moves: it loses nobody, and saves what is still.

Somebody moves in a frame if an edge of their box is two pixels or more from where it was a fifth of a
second before: a step, or an arm that drops. Seeds and length are few, since drawing takes its time.
"""

import cv2
import pytest

from frames.cameras.motion import MotionGate, MotionSettings
from frames.store import StoreCamera

FPS = 5
SECONDS = 24
MOVED_PX = 2.0
SHOPS = [9005, 9010]
"""Of twelve shops those two in which gates less sensitive missed somebody."""


def people(camera: StoreCamera, t: float, crowd: float) -> tuple[cv2.typing.MatLike, list[tuple[float, ...]]]:
    image, truths = camera.frame(t, crowd)
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [truth.box for truth in truths if truth.label == "person"]


def moves(box: tuple[float, ...], before: list[tuple[float, ...]]) -> bool:
    """Nobody stood just there before."""
    return all(max(abs(a - b) for a, b in zip(box, other, strict=True)) >= MOVED_PX for other in before)


@pytest.mark.parametrize("seed", SHOPS)
def test_no_frame_with_a_moving_person_is_lost_and_still_ones_are_saved(seed):
    camera, gate = StoreCamera(seed), MotionGate(MotionSettings(), ())
    _, before = people(camera, 10.0, 0.15)
    moving = lost = saved = 0

    for n in range(1, SECONDS * FPS):
        t = 10.0 + n / FPS
        picture, there = people(camera, t, 0.15)
        sent = gate.passes(picture, t)
        moved = any(moves(box, before) for box in there)
        before = there
        moving += moved
        lost += moved and not sent
        saved += not sent

    print(f"shop {seed}: {moving} frames with somebody who moves, {lost} lost; {saved} of {n} saved")
    assert moving > 20
    assert lost == 0
    assert saved > 0.1 * n


def test_of_an_empty_shop_nearly_nothing_is_sent():
    """Noise of the sensor, and a clock in the corner that counts seconds, are no motion."""
    camera, gate = StoreCamera(9000), MotionGate(MotionSettings(), ())

    sent = sum(gate.passes(people(camera, n / FPS, 0.0)[0], n / FPS) for n in range(20 * FPS))

    assert sent <= 2 * FPS + 1  # the hold time at the start, and a keep-alive
