"""
What a worker needs of a detector, and nothing about how it is done.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from frames.outcome import Detection

Image = npt.NDArray[np.uint8]


class DetectorError(Exception):
    """The device is lost or the engine fails: exit, and be restarted; nothing was published."""


class Detector(Protocol):
    """Finds objects in images. One instance per device; not thread-safe."""

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """
        Run the model over a batch.

        Args:
            images: B arrays, uint8, (H, W, 3), RGB; H and W may differ between images.

        Returns:
            B tuples, in the order of *images*, best score first. Boxes are
            (x1, y1, x2, y2) in pixels of the image as given: 0 <= x1 < x2 <= W.

        Raises:
            DetectorError: See there.
        """
        ...
