"""Shopping carts: a basket of bars on four wheels, empty or with goods in it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frames.store.figure import Colour, Figure, Point, shaded

TYRE, HANDLE = (0.06, 0.06, 0.06), (0.75, 0.1, 0.1)
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
"""Of the basket, going round: left or right, rear or front."""


@dataclass(frozen=True, slots=True)
class Cart:
    """What one cart looks like."""

    paint: Colour
    goods: tuple[Colour, ...]

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Choose a cart of steel or of coloured plastic."""
        grey = rng.uniform(0.5, 0.8)
        paint = (grey, grey, grey) if rng.random() < 0.6 else tuple(rng.uniform(0.1, 0.9, 3).tolist())
        goods = rng.uniform(0.1, 0.9, (int(rng.integers(0, 4)), 3))
        return cls(paint, tuple(tuple(colour) for colour in goods.tolist()))


def cart(look: Cart) -> Figure:
    """Build the cart, which faces forward and has its handle at the rear."""
    figure = Figure()
    low: list[Point] = [(0.2 * i, 0.05 + 0.33 * j, 0.5) for i, j in CORNERS]
    high: list[Point] = [(0.28 * i, 0.02 + 0.47 * j, 0.95) for i, j in CORNERS]
    _carriage(figure, low, shaded(look.paint, 0.9))
    mesh = shaded(look.paint, 0.45)
    figure.add(shaded(mesh, 0.7), *((*corner, 0.01) for corner in low))
    for number, colour in enumerate(look.goods):
        y = 0.25 - 0.25 * number
        figure.add(colour, (-0.1, y, 0.6, 0.09), (0.08, y - 0.04, 0.8, 0.1))
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 0)):
        figure.add(mesh, *((*corner, 0.01) for corner in (low[a], low[b], high[a], high[b])))
        _bars(figure, look.paint, low[a], low[b], high[a], high[b])
    figure.add(HANDLE, (-0.27, -0.55, 1.02, 0.025), (0.27, -0.55, 1.02, 0.025))
    return figure


def _carriage(figure: Figure, low: list[Point], steel: Colour) -> None:
    for (i, j), corner in zip(CORNERS, low, strict=True):
        wheel = (0.2 * i, 0.02 + 0.38 * j, 0.06)
        figure.add(steel, (*corner, 0.016), (*wheel, 0.016))
        figure.add(TYRE, (*wheel, 0.06))
    figure.add(steel, *((0.2 * i, 0.02 + 0.38 * j, 0.16, 0.02) for i, j in CORNERS))


def _bars(figure: Figure, paint: Colour, low_a: Point, low_b: Point, high_a: Point, high_b: Point) -> None:
    """Put bars before one side of the basket: four upright, one across, one along the rim."""
    for share in (0.2, 0.4, 0.6, 0.8):
        bottom, top = _between(low_a, low_b, share), _between(high_a, high_b, share)
        figure.add(paint, (*bottom, 0.011), (*top, 0.011))
    left, right = _between(low_a, high_a, 0.5), _between(low_b, high_b, 0.5)
    figure.add(paint, (*left, 0.011), (*right, 0.011))
    figure.add(paint, (*high_a, 0.02), (*high_b, 0.02))


def _between(a: Point, b: Point, share: float) -> Point:
    return tuple(p + (q - p) * share for p, q in zip(a, b, strict=True))  # type: ignore[return-value]  # zip loses the length
