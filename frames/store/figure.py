"""
Bodies made of balls: a part of a figure is the hull of a few balls, seen by a pinhole.

An arm is the hull of two balls, a chest the hull of five. Projected, a ball is a circle,
and the hull of circles is what the part looks like from anywhere.

A figure's own axes: right, forward and up, in metres, the origin on the floor below it.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from frames.store.lens import Floats, Lens

Point = tuple[float, float, float]
"""right, forward, up."""
Ball = tuple[float, float, float, float]
"""right, forward, up, radius."""
Colour = tuple[float, float, float]
"""Red, green and blue under white light, 0..1."""

SUBPIXEL_BITS = 4
NEAREST_M = 0.4
"""A figure that is nearer to the camera than this is not in view."""


@dataclass(slots=True)
class Figure:
    """The parts of one body; of parts equally far away, the later one is in front."""

    balls: list[Ball] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """Index of each part's first ball."""
    colours: list[Colour] = field(default_factory=list)
    """Of each part."""

    def add(self, colour: Colour, *balls: Ball) -> None:
        """Add the hull of *balls* as a part."""
        self.starts.append(len(self.balls))
        self.colours.append(colour)
        self.balls.extend(balls)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A figure at its place in the shop."""

    label: str
    figure: Figure
    x: float
    y: float
    heading: float
    """Radians to the right of straight away from the entrance."""
    shadow_m: float
    """Radius of the shadow at its feet."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A figure as the camera sees it."""

    left: int
    """Column of the image where `hulls` have their 0; it may lie outside of the image."""
    top: int
    width: int
    height: int
    hulls: list[tuple[int, NDArray[np.int32]]]
    """Part number and corners, (K, 1, 2) in pixels x 2**SUBPIXEL_BITS; the farthest part first."""


def outline(standing: Standing, lens: Lens) -> Outline | None:
    """Project the figure; None when it is too near to the camera."""
    balls = np.array(standing.figure.balls)
    points = _in_the_shop(balls, standing)
    pixels, depths = lens.project(points)
    if depths.min() < NEAREST_M:
        return None
    radii = balls[:, 3] * lens.focal / depths
    circles = pixels[:, None, :] + radii[:, None, None] * CIRCLE
    left, top = np.floor(circles.min(axis=(0, 1))).astype(int).tolist()
    right, bottom = (np.ceil(circles.max(axis=(0, 1))).astype(int) + 1).tolist()
    corners = np.round((circles - (left, top)) * 2**SUBPIXEL_BITS).astype(np.int32)
    bounds = [*standing.figure.starts, len(balls)]
    # To the centimetre: what hides what within a body must not hang on the last bit.
    farness = np.round(np.add.reduceat(lens.reach(points), bounds[:-1]) / np.diff(bounds), 2)
    hulls = [
        (part, np.asarray(cv2.convexHull(corners[bounds[part] : bounds[part + 1]].reshape(-1, 2)), np.int32))
        for part in np.argsort(-farness, kind="stable").tolist()
    ]
    return Outline(left, top, right - left, bottom - top, hulls)


def _in_the_shop(balls: Floats, standing: Standing) -> Floats:
    """Return the middles of *balls* in world coordinates, (N, 3)."""
    sine, cosine = np.sin(standing.heading), np.cos(standing.heading)
    x = standing.x + balls[:, 0] * cosine + balls[:, 1] * sine
    y = standing.y - balls[:, 0] * sine + balls[:, 1] * cosine
    return np.stack([x, y, balls[:, 2]], axis=1)


def shaded(colour: Colour, factor: float) -> Colour:
    """Return *colour* in a light *factor* times as bright."""
    red, green, blue = colour
    return red * factor, green * factor, blue * factor


_ANGLES = np.arange(12) * np.pi / 6
CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
"""Twelve points around a circle of radius 1."""
