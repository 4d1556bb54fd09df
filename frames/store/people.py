"""What people look like, and how they stand, walk, reach and push."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from frames.store.figure import Colour, Figure, shaded

Arms = Literal["swing", "push", "reach"]


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks like for one visit."""

    height: float
    girth: float
    skin: Colour
    hair: Colour
    top: Colour
    band: Colour | None
    """Colour of the stripes on the chest, or none."""
    bottom: Colour
    shoes: Colour
    sleeves: bool
    skirt: bool
    long_hair: bool
    hat: Colour | None
    bag: Colour | None

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Dress somebody."""
        return cls(
            height=rng.normal(1.70, 0.10),
            girth=rng.uniform(0.9, 1.25),
            skin=SKIN[int(rng.integers(len(SKIN)))],
            hair=HAIR[int(rng.integers(len(HAIR)))],
            top=_cloth(rng),
            band=_cloth(rng) if rng.random() < 0.4 else None,
            bottom=_cloth(rng, 0.55),
            shoes=_cloth(rng, 0.5),
            sleeves=rng.random() < 0.6,
            skirt=rng.random() < 0.2,
            long_hair=rng.random() < 0.35,
            hat=_cloth(rng) if rng.random() < 0.12 else None,
            bag=_cloth(rng) if rng.random() < 0.25 else None,
        )


SKIN: tuple[Colour, ...] = ((0.95, 0.78, 0.66), (0.85, 0.64, 0.5), (0.66, 0.46, 0.33), (0.42, 0.28, 0.2))
HAIR: tuple[Colour, ...] = (
    (0.08, 0.06, 0.05),
    (0.25, 0.16, 0.1),
    (0.5, 0.33, 0.17),
    (0.78, 0.66, 0.42),
    (0.6, 0.6, 0.6),
)


def _cloth(rng: np.random.Generator, brightest: float = 1.0) -> Colour:
    value = rng.uniform(0.08, brightest)
    red, green, blue = value * (1 - rng.uniform(0, 0.75, 3) * rng.random())
    return float(red), float(green), float(blue)


def person(look: Look, stride: float, pace: float, arms: Arms) -> Figure:
    """
    Pose somebody.

    Args:
        stride: Phase of the step in radians.
        pace: 0 standing to 1 walking: how far the legs swing.
        arms: "swing" beside the body, "push" a cart, or "reach" for a shelf.
    """
    figure, swing = Figure(), SWING * pace * float(np.sin(stride))
    for side in (-1, 1):
        _leg(figure, look, side, swing * side)
    _trunk(figure, look, pace)
    for side in (-1, 1):
        _arm(figure, look, side, arms, -swing * side)
    _head(figure, look)
    return figure


SWING = 0.42
"""How far a leg swings at most, in radians from upright."""


def _trunk(figure: Figure, look: Look, pace: float) -> None:
    tall, wide = look.height, look.girth
    hip, chest = 0.085 * wide, 0.155 * wide
    figure.add(look.bottom, (-hip, 0, 0.54 * tall, 0.1 * wide), (hip, 0, 0.54 * tall, 0.1 * wide))
    if look.skirt:
        hem = 0.16 * wide + 0.05 * pace
        figure.add(
            look.bottom, (-hip, 0, 0.52 * tall, 0.09), (hip, 0, 0.52 * tall, 0.09),
            (-hem, 0, 0.3 * tall, 0.06), (hem, 0, 0.3 * tall, 0.06),
        )  # fmt: skip
    figure.add(
        look.top, (-hip, 0, 0.6 * tall, 0.105 * wide), (hip, 0, 0.6 * tall, 0.105 * wide),
        (-chest, 0, 0.775 * tall, 0.075 * wide), (chest, 0, 0.775 * tall, 0.075 * wide),
        (0, 0, 0.82 * tall, 0.06),
    )  # fmt: skip
    if look.band:
        for up in (0.63, 0.71):
            figure.add(look.band, (-0.11 * wide, 0, up * tall, 0.09), (0.11 * wide, 0, up * tall, 0.09))
    if look.bag:
        figure.add(look.bag, (-0.08, -0.17, 0.6 * tall, 0.09), (0.08, -0.17, 0.74 * tall, 0.09))


def _leg(figure: Figure, look: Look, side: int, swing: float) -> None:
    tall, x = look.height, side * 0.085 * look.girth
    bend = max(0.0, -swing) * 0.9
    thigh, shin = 0.25 * tall, 0.24 * tall
    knee = (x, thigh * np.sin(swing), 0.53 * tall - thigh * np.cos(swing))
    ankle = (x, knee[1] + shin * np.sin(swing - bend), knee[2] - shin * np.cos(swing - bend))
    legs = look.skin if look.skirt else look.bottom
    figure.add(legs, (x, 0, 0.53 * tall, 0.09 * look.girth), (*knee, 0.065))
    figure.add(shaded(legs, 0.92), (*knee, 0.065), (*ankle, 0.05))
    figure.add(
        look.shoes, (x, ankle[1] - 0.02, ankle[2] - 0.03, 0.05), (x, ankle[1] + 0.13, ankle[2] - 0.04, 0.042)
    )


def _arm(figure: Figure, look: Look, side: int, arms: Arms, swing: float) -> None:
    tall, x = look.height, side * 0.205 * look.girth
    shoulder = (x, 0.0, 0.79 * tall)
    if arms == "push":
        elbow, hand = (x * 1.15, 0.1, 0.63 * tall), (side * 0.2, 0.42, 1.02)
    elif arms == "reach" and side > 0:
        elbow, hand = (x, 0.22, 0.74 * tall), (x * 0.8, 0.48, 0.76 * tall)
    else:
        elbow = (x * 1.12, 0.16 * tall * np.sin(swing), 0.79 * tall - 0.17 * tall * np.cos(swing))
        hand = (x * 1.12, elbow[1] + 0.15 * tall * np.sin(swing + 0.25), elbow[2] - 0.15 * tall)
    upper, lower = shaded(look.top, 0.85), shaded(look.top, 0.8) if look.sleeves else look.skin
    figure.add(upper, (*shoulder, 0.062), (*elbow, 0.05))
    figure.add(lower, (*elbow, 0.046), (*hand, 0.036))
    figure.add(look.skin, (*hand, 0.045))


def _head(figure: Figure, look: Look) -> None:
    tall = look.height
    figure.add(shaded(look.skin, 0.85), (0, 0, 0.83 * tall, 0.055), (0, 0, 0.87 * tall, 0.055))
    figure.add(look.skin, (0, 0.03, 0.905 * tall, 0.078), (0, 0.025, 0.94 * tall, 0.088))
    if look.long_hair:
        figure.add(look.hair, (0, -0.04, 0.95 * tall, 0.1), (0, -0.07, 0.83 * tall, 0.085))
    figure.add(look.hair, (0, -0.035, 0.945 * tall, 0.098), (0, 0.01, 0.965 * tall, 0.088))
    if look.hat:
        figure.add(look.hat, (0, 0, 0.975 * tall, 0.1), (0, 0.09, 0.965 * tall, 0.06))
