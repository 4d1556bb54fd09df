"""
The stocked side of a shelf, drawn flat: boards, goods, price tags and gaps.

A row of a shelf is cut into facings: stretches of one product side by side.
A facing that sold out is a gap. Which facings are gaps is chosen by the caller,
who knows whether the camera could see one there.
"""

import colorsys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

PX_PER_M = 130
"""Resolution of the drawn side: about what a camera sees of it from three metres."""
BOARD_M = 0.045
"""Thickness of a shelf board with its price rail."""


@dataclass(frozen=True, slots=True)
class Facing:
    """A stretch of one row: metres from the left end and from the top of the side."""

    x0: float
    x1: float
    y0: float
    y1: float


def facings(rng: np.random.Generator, length: float, height: float) -> Iterator[list[Facing]]:
    """Cut a side of *length* x *height* metres into rows of facings, top row first."""
    rows = int(rng.integers(4, 6))
    pitch = (height - 0.15) / rows
    for row in range(rows):
        ends = [0.04]
        while ends[-1] < length - 0.9:
            ends.append(ends[-1] + rng.uniform(0.35, 0.75))
        ends.append(length - 0.04)
        top = row * pitch + BOARD_M
        yield [Facing(x0, x1, top, (row + 1) * pitch) for x0, x1 in pairwise(ends)]


def draw_side(
    rng: np.random.Generator, length: float, height: float, rows: list[list[Facing]], gaps: set[Facing]
) -> Image:
    """Draw the side as seen from straight ahead, (height, length) x `PX_PER_M` pixels, RGB."""
    steel = _colour(rng, (0.0, 0.15), (0.55, 0.95))
    inside = tuple(int(c * rng.uniform(0.15, 0.3)) for c in steel)
    side = np.full((round(height * PX_PER_M), round(length * PX_PER_M), 3), inside, np.uint8)
    for row in rows:
        for facing in row:
            if facing not in gaps:
                _fill(side, facing, rng)
        _finish_row(side, row, steel, rng)
    _uprights(side, steel)
    side[round((rows[-1][0].y1 + BOARD_M) * PX_PER_M) :] = tuple(int(0.7 * c) for c in steel)
    return side


def _fill(side: Image, facing: Facing, rng: np.random.Generator) -> None:
    """Put one product into *facing*, as often as it fits."""
    draw = PRODUCTS[int(rng.integers(len(PRODUCTS)))]
    body, label = _colour(rng, (0.1, 0.75), (0.4, 0.95)), _colour(rng, (0.0, 0.7), (0.3, 1.0))
    x0, x1, y0, y1 = (round(v * PX_PER_M) for v in (facing.x0, facing.x1, facing.y0, facing.y1))
    width, height = int(rng.integers(8, 20)), int((y1 - y0) * rng.uniform(0.68, 0.9))
    count = max(1, (x1 - x0) // (width + 1))
    step = (x1 - x0) / count
    for i in range(count):
        left = round(x0 + i * step)
        top = y1 - height + int(rng.integers(-1, 2))
        if rng.random() < 0.97:
            draw(side, left, top, round(x0 + (i + 1) * step) - 2, y1 - 1, body, label)


def _finish_row(side: Image, row: list[Facing], steel: Colour, rng: np.random.Generator) -> None:
    """Add the shadow under the board above, the board below, and its price tags."""
    top, bottom = round(row[0].y0 * PX_PER_M), round(row[0].y1 * PX_PER_M)
    depth = (bottom - top) // 3
    shade = np.linspace(0.45, 1.0, depth)[:, None, None]
    side[top : top + depth] = (side[top : top + depth] * shade).astype(np.uint8)
    board = bottom + round(BOARD_M * PX_PER_M)
    side[bottom:board] = steel
    side[board - 1 : board] = tuple(int(0.6 * c) for c in steel)
    tag = _colour(rng, (0.0, 0.9), (0.8, 1.0))
    for facing in row:
        middle = round((facing.x0 + facing.x1) / 2 * PX_PER_M)
        cv2.rectangle(side, (middle - 4, bottom + 1), (middle + 4, board - 2), tag, cv2.FILLED)


def _uprights(side: Image, steel: Colour) -> None:
    side[:3] = steel
    for x in range(0, side.shape[1], round(1.25 * PX_PER_M)):
        side[:, x : x + 4] = tuple(int(0.85 * c) for c in steel)
    side[:, -4:] = steel


def _carton(side: Image, x0: int, y0: int, x1: int, y1: int, body: Colour, label: Colour) -> None:
    cv2.rectangle(side, (x0, y0), (x1, y1), body, cv2.FILLED)
    third = (y1 - y0) // 3
    cv2.rectangle(side, (x0 + 1, y0 + third), (x1 - 2, y1 - third), label, cv2.FILLED)
    cv2.line(side, (x1, y0), (x1, y1), _darker(body), 1)


def _bottle(side: Image, x0: int, y0: int, x1: int, y1: int, body: Colour, label: Colour) -> None:
    shoulder, neck, middle = y0 + (y1 - y0) // 3, max(1, (x1 - x0) // 5), (x0 + x1) // 2
    cv2.rectangle(side, (middle - neck, y0), (middle + neck, shoulder), body, cv2.FILLED)
    cv2.rectangle(side, (middle - neck, y0), (middle + neck, y0 + 3), label, cv2.FILLED)
    cv2.rectangle(side, (x0, shoulder), (x1, y1), body, cv2.FILLED)
    cv2.rectangle(side, (x0, shoulder + (y1 - shoulder) // 3), (x1, y1 - 4), label, cv2.FILLED)
    cv2.line(side, (x1, shoulder), (x1, y1), _darker(body), 1)


def _cans(side: Image, x0: int, y0: int, x1: int, y1: int, body: Colour, label: Colour) -> None:
    middle = (y0 + y1) // 2
    for top, bottom in ((y0, middle - 1), (middle, y1)):
        cv2.rectangle(side, (x0, top), (x1, bottom), body, cv2.FILLED)
        cv2.line(side, (x0, top), (x1, top), (205, 205, 205), 1)
        cv2.circle(side, ((x0 + x1) // 2, (top + bottom) // 2), max(1, (x1 - x0) // 4), label, cv2.FILLED)
        cv2.line(side, (x1, top), (x1, bottom), _darker(body), 1)


def _bag(side: Image, x0: int, y0: int, x1: int, y1: int, body: Colour, label: Colour) -> None:
    outline = [(x0 + 1, y0), (x1 - 1, y0), (x1, y0 + 5), (x1, y1), (x0, y1), (x0, y0 + 5)]
    cv2.fillPoly(side, [np.array(outline, np.int32)], body)
    middle, third = (x0 + x1) // 2, (y1 - y0) // 3
    cv2.ellipse(side, (middle, y0 + third), ((x1 - x0) // 3, third // 2), 0, 0, 360, label, cv2.FILLED)
    cv2.line(side, (x0 + 1, y0 + 3), (x1 - 1, y0 + 3), _darker(body), 1)


PRODUCTS: tuple[Callable[[Image, int, int, int, int, Colour, Colour], None], ...] = (
    _carton,
    _bottle,
    _cans,
    _bag,
)


def _colour(rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
    return int(255 * red), int(255 * green), int(255 * blue)


def _darker(colour: Colour) -> Colour:
    red, green, blue = colour
    return red // 2, green // 2, blue // 2
