from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frames.store import LABELS, StoreCamera

SIZE = (320, 240)
CAMERA = StoreCamera(seed=3, width=SIZE[0], height=SIZE[1])
instants = st.floats(min_value=0, max_value=36_000, allow_nan=False)
crowds = st.floats(min_value=0, max_value=3)


def people(truths):
    return [truth for truth in truths if truth.label == "person"]


def test_an_instant_has_the_same_bytes_in_any_order():
    instants = [30.0, 2.5, 611.25, 2.5]

    forwards = [CAMERA.jpeg(t) for t in instants]
    backwards = [CAMERA.jpeg(t) for t in reversed(instants)]

    assert forwards == backwards[::-1]
    assert forwards[1] == forwards[3]


def test_an_instant_has_the_same_bytes_in_another_camera_of_the_seed():
    other = StoreCamera(seed=3, width=SIZE[0], height=SIZE[1])
    other.frame(1.0, crowd=3.0)

    assert other.jpeg(77.0) == CAMERA.jpeg(77.0)


def test_another_seed_is_another_shop():
    image, _ = CAMERA.frame(5.0)
    other, _ = StoreCamera(seed=4, width=SIZE[0], height=SIZE[1]).frame(5.0)

    assert np.abs(image.astype(int) - other).mean() > 10


@given(instants, crowds)
@settings(max_examples=40, deadline=None)
def test_boxes_lie_inside_the_image(t, crowd):
    image, truths = CAMERA.frame(t, crowd)

    assert image.shape == (SIZE[1], SIZE[0], 3)
    assert image.dtype == np.uint8
    for truth in truths:
        x1, y1, x2, y2 = truth.box
        assert truth.label in LABELS
        assert 0 <= x1 < x2 <= SIZE[0]
        assert 0 <= y1 < y2 <= SIZE[1]


@given(instants)
@settings(max_examples=20, deadline=None)
def test_nobody_is_there_without_a_crowd(t):
    _, truths = CAMERA.frame(t, crowd=0.0)

    assert not people(truths)


def test_a_larger_crowd_has_more_people():
    counts = [
        sum(len(people(CAMERA.frame(t, crowd)[1])) for t in range(0, 200, 10))
        for crowd in (0.0, 0.5, 1.0, 2.0)
    ]

    assert counts == sorted(set(counts))


@given(instants)
@settings(max_examples=20, deadline=None)
def test_somebody_can_be_told_from_the_empty_shop(t):
    image, truths = CAMERA.frame(t)
    empty, _ = CAMERA.frame(t, crowd=0.0)

    for truth in people(truths):
        x1, y1, x2, y2 = (int(edge) for edge in truth.box)
        difference = np.abs(image[y1:y2, x1:x2].astype(int) - empty[y1:y2, x1:x2])
        assert difference.mean() > 3


def test_people_move_a_little_from_frame_to_frame():
    steps = [CAMERA.frame(20 + i / 15)[0].astype(int) for i in range(10)]
    empty = CAMERA.frame(20.0, crowd=0.0)[0].astype(int)

    step = np.mean([np.abs(a - b).mean() for a, b in pairwise(steps)])

    assert 0 < step < np.abs(steps[0] - empty).mean() * 3


def test_what_the_box_holds_fills_it_to_the_edges():
    """Boxes are those of the visible pixels: the frame with and without people differs at each edge."""
    camera = StoreCamera(seed=3, width=640, height=480)
    image, truths = camera.frame(33.0, crowd=0.2)
    empty, _ = camera.frame(33.0, crowd=0.0)
    changed = (np.abs(image.astype(int) - empty).sum(axis=2) > 0).astype(np.uint8)

    for truth in people(truths):
        x1, y1, x2, y2 = (int(edge) for edge in truth.box)
        assert changed[y1, x1:x2].any()
        assert changed[y1:y2, x1].any()
        assert changed[y1:y2, x2 - 1].any()


@pytest.mark.parametrize("seed", range(5))
def test_exposure_is_automatic(seed):
    image, _ = StoreCamera(seed, *SIZE).frame(10.0)

    assert 85 < (image @ [0.299, 0.587, 0.114]).mean() < 130


def test_a_jpeg_decodes_to_the_frame():
    image, truths = CAMERA.frame(8.0)
    encoded, encoded_truths = CAMERA.jpeg(8.0, quality=95)
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB)

    assert encoded_truths == truths
    assert np.abs(decoded.astype(int) - image).mean() < 8


def test_gaps_are_large_enough_to_be_seen():
    truths = [truth for seed in range(4) for truth in StoreCamera(seed).frame(3.0)[1]]

    gaps = [truth for truth in truths if truth.label == "shelf_gap"]

    assert gaps
    assert all(min(gap.box[2] - gap.box[0], gap.box[3] - gap.box[1]) >= 14 for gap in gaps)
