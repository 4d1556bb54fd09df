"""
The plan of one shop: the room, the shelves in it and the aisles between them.

All lengths in metres. The entrance and the camera are at y = 0, the back wall at y = depth.
"""

from dataclasses import dataclass

import numpy as np

WALL_SHELF, GONDOLA = 0.45, 0.9
"""Depth of a shelf that leans on a wall, and of a double one that stands free."""


@dataclass(frozen=True, slots=True)
class Block:
    """An upright box on the floor: a shelf, a pillar or a pile of cartons."""

    x0: float
    x1: float
    y0: float
    y1: float
    height: float
    stocked: tuple[str, ...] = ()
    """The sides that carry goods: of "left", "right" and "front"."""


@dataclass(frozen=True, slots=True)
class Aisle:
    """A straight way through the shop, parallel to the side walls."""

    x: float
    half_width: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A shop, seen from above."""

    width: float
    depth: float
    blocks: tuple[Block, ...]
    aisles: tuple[Aisle, ...]
    front: float
    """Where the aisles begin: y of the crossing before the shelves."""
    back: float
    """Where the aisles end: y of the crossing behind the shelves."""


def plan(rng: np.random.Generator) -> Layout:
    """Lay out a shop."""
    width, depth = rng.uniform(6.0, 10.5), rng.uniform(7.0, 11.0)
    height = rng.uniform(1.5, 2.1)
    front, back = 3.2, depth - 1.6
    walls = _against_the_walls(rng, width, depth, height)
    gondolas = _free_standing(rng, width, front, back, height * rng.uniform(0.75, 0.95))
    edges = [-width / 2 + 0.5, *(x for block in gondolas for x in (block.x0, block.x1)), width / 2 - 0.5]
    aisles = tuple(
        Aisle((left + right) / 2, (right - left) / 2 - 0.35)
        for left, right in zip(edges[::2], edges[1::2], strict=True)
    )
    return Layout(width, depth, (*walls, *gondolas, *_clutter(rng, aisles, back)), aisles, front, back)


def _against_the_walls(rng: np.random.Generator, width: float, depth: float, height: float) -> list[Block]:
    half = width / 2
    blocks = [Block(-half, half, depth - WALL_SHELF, depth, height, ("front",))]
    if rng.random() < 0.75:
        blocks.append(Block(-half, -half + WALL_SHELF, 1.5, depth - 0.5, height, ("right",)))
    if rng.random() < 0.75:
        blocks.append(Block(half - WALL_SHELF, half, 1.5, depth - 0.5, height, ("left",)))
    return blocks


def _free_standing(
    rng: np.random.Generator, width: float, front: float, back: float, height: float
) -> list[Block]:
    count = int(rng.integers(0, 1 + int(width > 6.5) + int(width > 9)))
    spacing = width / (count + 1)
    middles = [-width / 2 + spacing * (i + 1) + rng.uniform(-0.2, 0.2) for i in range(count)]
    sides = ("left", "right", "front")
    return [Block(x - GONDOLA / 2, x + GONDOLA / 2, front + 0.8, back, height, sides) for x in middles]


def _clutter(rng: np.random.Generator, aisles: tuple[Aisle, ...], back: float) -> list[Block]:
    """Stand a few pillars and piles at the rim of the aisles, where nobody walks through them."""
    clutter = []
    for _ in range(int(rng.integers(0, 3))):
        aisle = aisles[int(rng.integers(len(aisles)))]
        size, height = rng.uniform(0.3, 0.6), rng.choice([rng.uniform(0.5, 1.1), 4.0], p=[0.7, 0.3])
        x = aisle.x + rng.choice([-1, 1]) * aisle.half_width
        y = rng.uniform(4.0, back)
        clutter.append(Block(x - size / 2, x + size / 2, y - size / 2, y + size / 2, float(height)))
    return clutter
