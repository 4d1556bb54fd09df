"""Heads become a mosaic, nothing else does, and one that is missed for a moment stays covered."""

import numpy as np

from frames.cameras.heads import KEEP_S, Box, HeadBlur

PERSON: Box = (100.0, 60.0, 140.0, 180.0)


def noise() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 255, (240, 320, 3), np.uint8)


def changed(blur: HeadBlur, at: float) -> np.ndarray:
    """Which pixels of a picture *blur* has changed."""
    before, after = noise(), noise()
    blur(after, at)
    return (before != after).any(axis=2)


def test_a_head_is_a_mosaic_and_the_rest_stays():
    pixels = noise()

    HeadBlur(lambda pixels: [PERSON])(pixels, 0.0)

    assert len(np.unique(pixels[62:92, 102:138].reshape(-1, 3), axis=0)) <= 36
    assert (pixels[110:] == noise()[110:]).all()


def test_a_person_who_is_cut_off_by_the_edge_is_blurred_up_to_it():
    where = changed(HeadBlur(lambda pixels: [(-10.0, -10.0, 30.0, 50.0), (300.0, 200.0, 330.0, 250.0)]), 0.0)

    assert where[0, 0]
    assert where[210, 319]


def test_a_head_that_is_missed_for_a_moment_stays_covered():
    found = iter([[PERSON], [], []])
    blur = HeadBlur(lambda pixels: next(found))

    covered = [changed(blur, at).any() for at in (0.0, KEEP_S, 2.5 * KEEP_S)]

    assert covered == [True, True, False]
