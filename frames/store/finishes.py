"""What floors, walls and bare furniture look like, drawn flat."""

import cv2
import numpy as np

from frames.store.lens import Floats
from frames.store.shelves import Image

FLOOR_PX_PER_M = 60.0
WALL_PX_PER_M = 20.0
BARE_PX_PER_M = 40.0


def floor(rng: np.random.Generator, width: float, depth: float) -> Image:
    """Draw a floor of *width* x *depth* metres: a checkerboard, tiles with joints, or boards."""
    rows, columns = round(depth * FLOOR_PX_PER_M), round(width * FLOOR_PX_PER_M)
    size = int(rng.uniform(0.3, 0.9) * FLOOR_PX_PER_M)
    row, column = np.mgrid[0:rows, 0:columns]
    base = muted(rng)
    kind = rng.choice(["checkers", "tiles", "boards"])
    if kind == "checkers":
        shade = 1 - rng.uniform(0.08, 0.5) * ((row // size + column // size) % 2)
    elif kind == "tiles":
        joints = 1 - rng.uniform(0.1, 0.35) * ((row % size < 2) | (column % size < 2))
        shades = rng.uniform(0.93, 1.0, (rows // size + 1, columns // size + 1))
        shade = joints * shades[row // size, column // size]
    else:
        board = rng.uniform(0.75, 1.0, columns // 10 + 1)
        shade = board[column // 10] * (1 - 0.2 * (column % 10 == 0))
        base = base * (1.0, 0.85, 0.68)
    stains = cv2.resize(rng.uniform(0.9, 1.0, (9, 9)), (columns, rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray((base * (shade * stains)[:, :, None]).clip(0, 255), np.uint8)


def wall(rng: np.random.Generator, colour: Floats, width: float, height: float) -> Image:
    """Draw a wall: a plain colour, perhaps with a stripe, and a few posters above the shelves."""
    rows, columns = round(height * WALL_PX_PER_M), round(width * WALL_PX_PER_M)
    image = np.empty((rows, columns, 3), np.uint8)
    image[:] = colour
    if rng.random() < 0.5:
        top = int(rng.integers(20, 45))
        image[top : top + int(rng.integers(4, 12))] = vivid(rng)
    for _ in range(int(rng.integers(0, 5))):
        x, y, size = int(rng.integers(columns)), int(rng.integers(15, 50)), int(rng.integers(8, 26))
        cv2.rectangle(image, (x, y), (x + size, y + size * 2 // 3), vivid(rng).tolist(), cv2.FILLED)
        cv2.circle(image, (x + size // 2, y + size // 3), size // 4, vivid(rng).tolist(), cv2.FILLED)
    return image


def bare(colour: Floats, width: float, height: float) -> Image:
    """Draw the side of a box, with a darker edge."""
    rows, columns = (max(2, round(side * BARE_PX_PER_M)) for side in (height, width))
    image = np.empty((rows, columns, 3), np.uint8)
    image[:] = colour
    image[:2] = image[:, :2] = 0.7 * colour
    return image


def muted(rng: np.random.Generator) -> Floats:
    """Choose a colour for large areas, (3,) in 0..255."""
    return rng.uniform(95, 225) * rng.uniform(0.82, 1.0, 3)


def vivid(rng: np.random.Generator) -> Floats:
    """Choose any colour, (3,) in 0..255."""
    return rng.uniform(40, 235, 3)
