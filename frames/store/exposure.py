"""From light to pixels: an automatic exposure with a shoulder, so that white keeps its shades."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frames.store.lens import Floats

LUMINANCE = np.array([0.299, 0.587, 0.114])
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""
CONTRAST = 1.35


@dataclass(frozen=True, slots=True)
class Exposure:
    """How bright a colour comes out."""

    gain: float
    tint: tuple[float, float, float]
    """Colour of the lamps, red, green and blue, around 1."""

    @classmethod
    def automatic(cls, light: Floats, tint: tuple[float, float, float], target: float) -> Self:
        """Choose the gain that gives the colours *light* (..., 3) in 0..1 the mean luminance *target*."""
        low, high = 0.05, 20.0
        for _ in range(20):
            middle = float(np.sqrt(low * high))
            mean = (cls(middle, tint).develop(light) @ LUMINANCE).mean()
            low, high = (middle, high) if mean < target else (low, middle)
        return cls(low, tint)

    def develop(self, light: Floats) -> Floats:
        """Turn colours (..., 3) in 0..1 into pixel values, 0..255."""
        return np.asarray(255 * (1 - np.exp(-self.gain * (light * self.tint) ** CONTRAST)))
