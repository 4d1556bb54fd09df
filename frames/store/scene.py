"""
The empty shop as one camera sees it: rendered once, then only copied.

A plane seen through a pinhole is a homography, and its inverse depth is linear in the
pixel. So each surface is one warp and one comparison with what is already in front.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from frames.store.exposure import Exposure
from frames.store.layout import Layout
from frames.store.lens import Lens
from frames.store.shelves import Image
from frames.store.surfaces import Surface, surfaces

Pixels = NDArray[np.integer | np.floating]

SAMPLES = 2
"""Samples per pixel along each side, so that edges come out smooth."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What stays the same from frame to frame."""

    background: Image
    """(H, W, 3) RGB."""
    reach: NDArray[np.float32]
    """(H, W): metres along the floor to what hides people there; infinite where nothing does."""
    owner: NDArray[np.uint16]
    """(H, W): the number of the gap seen at a pixel, from 1; 0 elsewhere."""
    gap_sizes: tuple[float, ...]
    """Pixels that each gap would cover if nothing were in front of it, gap 1 first."""
    light: NDArray[np.float32]
    """(H, W): brightness of the lamps, around 1."""
    exposure: Exposure


def render(rng: np.random.Generator, layout: Layout, lens: Lens) -> Scene:
    """Render the shop of *layout* without anybody in it."""
    canvas = _Canvas(lens.enlarged(SAMPLES))
    gap_sizes: list[float] = []
    for surface in surfaces(rng, layout, lens):
        if surface.plane.normal() @ (lens.position - surface.plane.origin) > 0.05:
            canvas.paste(surface, first_gap=len(gap_sizes) + 1)
            gap_sizes += [surface.gap_size(gap, lens) for gap in surface.gaps]
    light = _lamps(rng, lens)
    colours = cv2.resize(canvas.colours, (lens.width, lens.height), interpolation=cv2.INTER_AREA)
    lit = colours / 255 * light[:, :, None]
    tint = (rng.uniform(0.9, 1.1), 1.0, rng.uniform(0.85, 1.1))
    exposure = Exposure.automatic(lit, tint, target=rng.uniform(102, 118))
    sharp = exposure.develop(lit).astype(np.uint8)
    return Scene(
        np.asarray(cv2.GaussianBlur(sharp, (0, 0), rng.uniform(0.4, 0.8)), np.uint8),
        lens.level_reach(canvas.standing[::SAMPLES, ::SAMPLES]),
        np.ascontiguousarray(canvas.owner[::SAMPLES, ::SAMPLES]),
        tuple(gap_sizes),
        light,
        exposure,
    )


class _Canvas:
    """A picture in the making: for each sample the nearest surface so far."""

    def __init__(self, lens: Lens) -> None:
        shape = (lens.height, lens.width)
        self.colours = np.zeros((*shape, 3), np.uint8)
        self.owner = np.zeros(shape, np.uint16)
        """The number of the gap, 0 where there is none."""
        self.standing = np.zeros(shape, np.float32)
        """One over the depth of what stands in the shop, 0 where there is floor or wall."""
        self._nearness = np.zeros(shape, np.float32)
        self._lens = lens

    def paste(self, surface: Surface, first_gap: int) -> None:
        """Draw *surface* where nothing is in front of it; its gaps are numbered from *first_gap*."""
        whole = np.full(surface.picture.shape[:2], 255, np.uint8)
        nearness = self._lens.nearness(surface.plane.origin, surface.plane.normal())
        wins = (self._warp(surface, whole) > 127) & (nearness > self._nearness)
        self.colours[wins] = self._warp(surface, surface.picture, borderMode=cv2.BORDER_REPLICATE)[wins]
        self._nearness[wins] = nearness[wins]
        self.standing[wins] = nearness[wins] if surface.stands else 0
        numbers = _gap_numbers(surface, first_gap)
        self.owner[wins] = self._warp(surface, numbers, flags=cv2.INTER_NEAREST)[wins] if surface.gaps else 0

    def _warp(self, surface: Surface, picture: Pixels, **how: int) -> Pixels:
        size = (self._lens.width, self._lens.height)
        to_image = surface.plane.homography(self._lens)
        return cv2.warpPerspective(picture, to_image, size, None, **how)


def _gap_numbers(surface: Surface, first: int) -> NDArray[np.uint16]:
    """Return the number of the gap at each pixel of the picture."""
    numbers = np.zeros(surface.picture.shape[:2], np.uint16)
    for number, gap in enumerate(surface.gaps, first):
        x0, x1, y0, y1 = (round(edge * surface.plane.px_per_m) for edge in (gap.x0, gap.x1, gap.y0, gap.y1))
        numbers[y0:y1, x0:x1] = number
    return numbers


def _lamps(rng: np.random.Generator, lens: Lens) -> NDArray[np.float32]:
    """Light the view: pools under the lamps, darker corners."""
    coarse = rng.uniform(0.65, 1.15, (4, 5)).astype(np.float32)
    pools = cv2.resize(coarse, (lens.width, lens.height), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[-1 : 1 : lens.height * 1j, -1 : 1 : lens.width * 1j]
    return np.asarray(pools * (1 - rng.uniform(0.05, 0.3) * (x**2 + y**2) / 2), np.float32)
