"""A shop as a list of flat pictures in space: floor, walls, and the sides of what stands in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from frames.store.finishes import (
    BARE_PX_PER_M,
    FLOOR_PX_PER_M,
    WALL_PX_PER_M,
    bare,
    floor,
    muted,
    vivid,
    wall,
)
from frames.store.layout import Block, Layout
from frames.store.lens import Floats, Lens
from frames.store.shelves import PX_PER_M, Facing, Image, draw_side, facings

SMALLEST_PX = 14
"""A gap that would be narrower or lower than this in the image is not made."""
GAP_SHARE = 0.09
"""Part of the facings that are sold out, of those that could be seen."""
WALL_HEIGHT = 5.0
RIGHT, AWAY, UP = np.eye(3)


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Where a picture hangs: its upper left corner, and the ways its columns and rows run."""

    origin: Floats
    """(3,) in metres."""
    along: Floats
    """A unit vector, (3,)."""
    down: Floats
    px_per_m: float

    def normal(self) -> Floats:
        """Return the unit vector out of the visible side."""
        return np.cross(self.down, self.along)

    def homography(self, lens: Lens) -> Floats:
        """Return the (3, 3) map from pixels of the picture to pixels of the image."""
        return lens.homography(self.origin, self.along / self.px_per_m, self.down / self.px_per_m)

    def corners(self, facing: Facing, lens: Lens) -> tuple[Floats, Floats]:
        """Return pixels (4, 2) and depths (4,) of the corners of *facing*, going round."""
        across = np.array([facing.x0, facing.x1, facing.x1, facing.x0])
        down = np.array([facing.y0, facing.y0, facing.y1, facing.y1])
        return lens.project(self.origin + np.outer(across, self.along) + np.outer(down, self.down))


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A picture in space."""

    plane: Plane
    picture: Image
    """(H, W, 3) RGB: the colours under white light."""
    stands: bool
    """Whether people can be behind it: not so for floor and walls."""
    gaps: tuple[Facing, ...] = ()

    def gap_size(self, gap: Facing, lens: Lens) -> float:
        """Return how many pixels *gap* would cover if nothing were in front of it."""
        corners, _ = self.plane.corners(gap, lens)
        return float(cv2.contourArea(corners.astype(np.float32)))


def surfaces(rng: np.random.Generator, layout: Layout, lens: Lens) -> Iterator[Surface]:
    """Build the shop of *layout*; *lens* decides only which gaps are large enough to be made."""
    yield from _room(rng, layout)
    for block in layout.blocks:
        yield from _sides(rng, block, lens)


def _room(rng: np.random.Generator, layout: Layout) -> Iterator[Surface]:
    half, depth = layout.width / 2, layout.depth
    before = 3.0  # metres of the room behind the camera
    plane = Plane(np.array([-half, depth, 0]), RIGHT, -AWAY, FLOOR_PX_PER_M)
    yield Surface(plane, floor(rng, layout.width, depth + before), stands=False)
    colour = muted(rng)
    overlap = 0.2  # metres, so that no slit is left in the corners
    for x, y, along, width, shade in (
        (-half - overlap, depth, RIGHT, layout.width + 2 * overlap, 1.0),
        (-half, -before, AWAY, depth + before, 0.85),
        (half, depth, -AWAY, depth + before, 0.9),
    ):
        plane = Plane(np.array([x, y, WALL_HEIGHT]), along, -UP, WALL_PX_PER_M)
        yield Surface(plane, wall(rng, shade * colour, width, WALL_HEIGHT), stands=False)


def _sides(rng: np.random.Generator, block: Block, lens: Lens) -> Iterator[Surface]:
    """Build the sides of *block* that a camera before and above it can see."""
    x0, x1, y0, y1, top = block.x0, block.x1, block.y0, block.y1, block.height
    colour = muted(rng) if block.stocked else vivid(rng)
    for name, x, y, along, length, shade in (
        ("left", x0, y1, -AWAY, y1 - y0, 0.65),
        ("right", x1, y0, AWAY, y1 - y0, 0.65),
        ("front", x0, y0, RIGHT, x1 - x0, 0.8),
    ):
        corner = np.array([x, y, top])
        if name in block.stocked:
            yield _stocked(rng, Plane(corner, along, -UP, PX_PER_M), length, top, lens)
        else:
            yield Surface(
                Plane(corner, along, -UP, BARE_PX_PER_M), bare(shade * colour, length, top), stands=True
            )
    lid = Plane(np.array([x0, y1, top]), RIGHT, -AWAY, BARE_PX_PER_M)
    yield Surface(lid, bare(colour, x1 - x0, y1 - y0), stands=True)


def _stocked(rng: np.random.Generator, plane: Plane, length: float, height: float, lens: Lens) -> Surface:
    """Stock one side of a shelf, and leave gaps where the camera could see them, never two in a row."""
    rows = list(facings(rng, length, height))
    gaps: list[Facing] = []
    for facing in (facing for row in rows for facing in row):
        beside = gaps and gaps[-1].y0 == facing.y0 and gaps[-1].x1 == facing.x0
        if not beside and rng.random() < GAP_SHARE and _could_be_seen(plane, facing, lens):
            gaps.append(facing)
    return Surface(plane, draw_side(rng, length, height, rows, set(gaps)), stands=True, gaps=tuple(gaps))


def _could_be_seen(plane: Plane, facing: Facing, lens: Lens) -> bool:
    """Say whether *facing* would be in the image, and large enough to be told from its surroundings."""
    corners, depths = plane.corners(facing, lens)
    inside = (corners >= 0).all() and (corners < (lens.width, lens.height)).all()
    return bool(depths.min() > 0.5 and inside and np.ptp(corners, axis=0).min() >= SMALLEST_PX)
