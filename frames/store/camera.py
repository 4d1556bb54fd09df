"""One camera of a shop: a frame, and the truth about it, for any instant."""

from functools import lru_cache

import cv2
import numpy as np

from frames.store.carts import Cart, cart
from frames.store.figure import Standing
from frames.store.layout import Layout, plan
from frames.store.lens import Lens
from frames.store.painter import Painter
from frames.store.people import Arms, person
from frames.store.scene import render
from frames.store.shelves import Image
from frames.store.truth import Truth
from frames.store.visits import PERIOD_S, STEP_M, Place, Visit, visit


class StoreCamera:
    """
    A camera in a shop that is drawn: *seed* chooses the shop, the camera and everybody in it.

    A frame depends on nothing but (seed, width, height, t, crowd): the same arguments give
    the same bytes, in any order and in any process with the same versions of numpy and OpenCV.
    Rendering the empty shop takes a few tenths of a second, once per object.
    """

    def __init__(self, seed: int, width: int = 640, height: int = 480) -> None:
        self.seed, self.width, self.height = seed, width, height
        rng = np.random.default_rng(seed)
        self._layout = plan(rng)
        self._lens = _hang(rng, self._layout, width, height)
        self._scene = render(rng, self._layout, self._lens)
        self._regulars = float(rng.uniform(5, 10))
        self._parked = _park_carts(rng, self._layout)
        grain = rng.normal(0, rng.uniform(2, 6.5), (height + GRAIN_SHIFTS, width + GRAIN_SHIFTS, 3))
        self._grain = grain.astype(np.int8)
        self._visit = lru_cache(maxsize=256)(
            lambda customer, number: visit(seed, customer, number, self._layout)
        )

    def frame(self, t: float, crowd: float = 1.0) -> tuple[Image, list[Truth]]:
        """
        Draw the instant *t*.

        Args:
            t: Seconds since the shop opened, at least 0.
            crowd: How many people are there, as a multiple of this shop's usual number; 0 is nobody.

        Returns:
            The image, uint8 (height, width, 3) RGB, and what can be seen in it.
        """
        painter = Painter(self._lens, self._scene)
        painter.paint([*self._parked, *self._customers(t, crowd)])
        image = painter.image
        self._add_grain(image, t)
        self._stamp(image, t)
        return image, list(painter.truths())

    def jpeg(self, t: float, crowd: float = 1.0, quality: int = 85) -> tuple[bytes, list[Truth]]:
        """Draw the instant *t* as `frame` does, and compress it; *quality* 1..100."""
        image, truths = self.frame(t, crowd)
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return encoded.tobytes(), truths

    def _customers(self, t: float, crowd: float) -> list[Standing]:
        standings = []
        for customer in range(round(self._regulars * crowd)):
            # The golden ratio spreads the arrivals over the period, however many customers there are.
            since = t + PERIOD_S * (customer * 0.618 % 1)
            number, now = divmod(since, PERIOD_S)
            there = self._visit(customer, int(number))
            standings += _standings(there, there.at(now))
        return standings

    def _add_grain(self, image: Image, t: float) -> None:
        rng = np.random.default_rng([self.seed, round(t * 1000)])
        y, x = rng.integers(0, GRAIN_SHIFTS, 2)
        grain = self._grain[y : y + self.height, x : x + self.width]
        cv2.add(image, grain, image, dtype=cv2.CV_8U)

    def _stamp(self, image: Image, t: float) -> None:
        minutes, seconds = divmod(int(t), 60)
        text = f"CAM {self.seed % 1000:03d}  {9 + minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
        for shift, grey in ((1, 20), (0, 235)):
            corner = (8 + shift, self.height - 10 + shift)
            cv2.putText(image, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (grey, grey, grey))


GRAIN_SHIFTS = 64
"""The noise of a frame is cut out of one larger picture, at one of this many rows and columns."""


def _hang(rng: np.random.Generator, layout: Layout, width: int, height: int) -> Lens:
    """Hang the camera above the entrance, and turn it towards the middle of the shop."""
    x = rng.uniform(-0.42, 0.42) * layout.width
    yaw = np.arctan2(-x + rng.uniform(-1.5, 1.5), 0.6 * layout.depth)
    position = np.array([x, 0.2, rng.uniform(2.5, 3.4)])
    return Lens.mounted(
        position, yaw, np.radians(rng.uniform(19, 32)), np.radians(rng.uniform(62, 86)), width, height
    )


def _park_carts(rng: np.random.Generator, layout: Layout) -> list[Standing]:
    """Leave a few carts behind."""
    standings = []
    for _ in range(int(rng.integers(0, 4))):
        aisle = layout.aisles[int(rng.integers(len(layout.aisles)))]
        x = aisle.x + rng.uniform(-1, 1) * aisle.half_width
        y = rng.uniform(layout.front - 0.8, layout.back)
        figure = cart(Cart.random(rng))
        standings.append(Standing("cart", figure, float(x), float(y), rng.uniform(-np.pi, np.pi), 0.5))
    return standings


def _standings(visit: Visit, place: Place) -> list[Standing]:
    """Stand a customer at *place*, and the cart they push in front of them."""
    arms: Arms = "push" if visit.cart else "swing" if place.walking else "reach"
    stride = 2 * np.pi * place.walked / (2 * STEP_M)
    body = person(visit.look, stride, float(place.walking), arms)
    standings = [Standing("person", body, place.x, place.y, place.heading, 0.34)]
    if visit.cart:
        x, y = place.x + 0.95 * np.sin(place.heading), place.y + 0.95 * np.cos(place.heading)
        standings.append(Standing("cart", cart(visit.cart), float(x), float(y), place.heading, 0.5))
    return standings
