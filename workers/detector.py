"""
What a worker needs of a detector, and nothing about how it is done.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from frames.errors import DetectscaleError
from frames.outcome import Detection

Image = npt.NDArray[np.uint8]


class DetectorError(DetectscaleError):
    """This call failed and gave nothing; it may be tried again, with fewer images or with one at a time."""


class DeviceLostError(DetectorError):
    """Every later call would fail too: end the process before anything is committed, and be restarted."""


class Detector(Protocol):
    """Finds objects in images. One instance per device, or per core; not thread-safe."""

    @property
    def device(self) -> str:
        """What it works on, as metrics name it: `cpu`, `cuda:0`."""
        ...

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the model's input in pixels; it sees no more of an image than that."""
        ...

    @property
    def batch_limit(self) -> int:
        """Most images of one call: more gain nothing, or do not fit into the device's memory."""
        ...

    def warm_up(self) -> None:
        """Run once, so that the first frame finds memory allocated and code loaded."""
        ...

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """
        Run the model over a batch.

        Args:
            images: B arrays, uint8, (H, W, 3), RGB; H and W may differ between images.

        Returns:
            B tuples, in the order of *images*, best score first. Boxes are
            (x1, y1, x2, y2) in pixels of the image as given: 0 <= x1 < x2 <= W.

        Raises:
            DetectorError: Given one image, it is that image which cannot be processed.
            DeviceLostError: See there.
        """
        ...
