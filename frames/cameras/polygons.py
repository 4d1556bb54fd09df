"""
Parts of a picture, drawn by whoever looks through the camera.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cv2.typing import MatLike

Polygon = Sequence[tuple[float, float]]
"""Corners (x, y) as shares of width and height, from the upper left: 0 to 1. It holds for any resolution."""


def stencil(polygons: Sequence[Polygon], width: int, height: int) -> "MatLike":
    """
    The pixels that any of *polygons* covers or touches, 255, in a (height, width) picture of zeros.

    >>> stencil([[(0, 0), (0.25, 0), (0.25, 1), (0, 1)]], width=8, height=2).tolist()
    [[255, 255, 255, 0, 0, 0, 0, 0], [255, 255, 255, 0, 0, 0, 0, 0]]
    """
    import cv2
    import numpy as np

    inside = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = np.array(polygon) * (width, height) - 0.5  # a pixel's coordinates are those of its centre
        cv2.fillPoly(inside, [np.round(corners * SUBPIXELS).astype(np.int32)], (255,), shift=SHIFT)
    return inside


SHIFT = 8
SUBPIXELS = 1 << SHIFT
