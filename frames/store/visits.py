"""
Who is where at an instant: customers come in, walk the aisles, stop at shelves, leave.

Customer *n* of a camera makes one visit after another, each a `PERIOD_S` long and
with clothes of its own. A visit is a function of (seed, customer, visit) alone and a
position is a function of the visit and the time, so any instant can be asked for.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from frames.store.carts import Cart
from frames.store.layout import Layout
from frames.store.people import Look

PERIOD_S = 50.0
STEP_M = 0.75
"""Length of one step."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands and what they do there."""

    x: float
    y: float
    heading: float
    """Radians to the right of straight away from the entrance."""
    walked: float
    """Metres since they came in: the phase of their steps."""
    walking: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One customer's way through the shop."""

    look: Look
    cart: Cart | None
    """What they push; None is nothing."""
    times: tuple[float, ...]
    """Seconds since they came in, one per point of the way."""
    points: tuple[tuple[float, float], ...]
    """x and y in metres; two equal points in a row are a stop."""
    walked: tuple[float, ...]
    """Metres walked up to each point."""
    gaze: float
    """Where they look when they stop: -1 left, 1 right."""

    def at(self, since: float) -> Place:
        """Return the place *since* seconds after they came in, 0 <= since <= PERIOD_S."""
        before, ahead = self._point(since - 0.35), self._point(since + 0.35)
        x, y, walked = self._point(since)
        dx, dy = ahead[0] - before[0], ahead[1] - before[1]
        walking = ahead[2] - before[2] > 0.15
        heading = float(np.arctan2(dx, dy)) if walking else self.gaze * np.pi / 2
        return Place(x, y, heading, walked, walking)

    def _point(self, since: float) -> tuple[float, float, float]:
        since = min(max(since, 0.0), PERIOD_S)
        i = min(bisect_right(self.times, since), len(self.times) - 1)
        t0, t1 = self.times[i - 1], self.times[i]
        share = (since - t0) / (t1 - t0)
        (x0, y0), (x1, y1) = self.points[i - 1], self.points[i]
        return (
            x0 + share * (x1 - x0),
            y0 + share * (y1 - y0),
            self.walked[i - 1] + share * (self.walked[i] - self.walked[i - 1]),
        )


def visit(seed: int, customer: int, number: int, layout: Layout) -> Visit:
    """Make visit *number* of *customer*."""
    rng = np.random.default_rng([seed, customer, number])
    points = _way(rng, layout)
    steps = np.hypot(*np.diff(np.array(points), axis=0).T)
    speed = rng.uniform(0.9, 1.3)
    stops = steps == 0
    rest = max(PERIOD_S - steps.sum() / speed, 2.0 * stops.sum())
    seconds = np.where(stops, rest / stops.sum(), steps / speed)
    times = np.concatenate([[0], seconds.cumsum()])
    return Visit(
        Look.random(rng),
        Cart.random(rng) if rng.random() < 0.3 else None,
        tuple((times * (PERIOD_S / times[-1])).tolist()),
        tuple(points),
        tuple(np.concatenate([[0], steps.cumsum()]).tolist()),
        float(rng.choice([-1, 1])),
    )


def _way(rng: np.random.Generator, layout: Layout) -> list[tuple[float, float]]:
    """Choose a way: up one aisle and down another, with stops in both, in and out below the camera."""
    points = [(float(rng.uniform(-1, 1)), -1.0)]
    up, down = rng.choice(len(layout.aisles), 2)
    for index, first, last in ((up, layout.front, layout.back), (down, layout.back, layout.front)):
        aisle = layout.aisles[int(index)]
        between = sorted(rng.uniform(layout.front, layout.back, 2), reverse=first > last)
        for y in (first, *between, last):
            x = aisle.x + rng.uniform(-1, 1) * aisle.half_width
            points.append((float(x), float(y + rng.uniform(-0.4, 0.4))))
            if rng.random() < 0.6:
                points.append(points[-1])
    points.insert(1, (points[1][0], layout.front - 0.5))
    return [*points, points[-1], (float(rng.uniform(-1, 1)), -1.0)]
