"""
Whose fault is it when the detector fails: that of one frame, or of the device?

A batch that failed is tried frame by frame, each a few times. One that fails each time is
at fault if the detector still manages a blank image; otherwise the detector is broken, and
no frame of it may end as dead.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from frames.outcome import Detection
from workers.detector import Detector, DetectorError, DeviceLostError, Image
from workers.failpoints import passing

TRIES = 3
PAUSE_S = 0.05
"""After the first failure; twice as long after each further one."""

Found = tuple[Detection, ...]


class Retrying:
    """A detector of which one bad image takes no other with it."""

    def __init__(
        self,
        detector: Detector,
        on_retry: Callable[[], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._detector = detector
        self._on_retry = on_retry
        self._sleep = sleep

    def detect(self, images: Sequence[Image]) -> list[Found | DetectorError]:
        """
        For each image what was found, or why it cannot be processed, ever.

        Raises:
            DeviceLostError: It is not an image's fault.
        """
        if not images:
            return []
        try:
            passing("detect")
            return [*self._detector.detect(images)]
        except DeviceLostError:
            raise
        except DetectorError as error:
            self._on_retry()
            if len(images) == 1:
                return [self._again(images[0], error)]
        return [found for image in images for found in self.detect([image])]

    def _again(self, image: Image, error: DetectorError) -> Found | DetectorError:
        for attempt in range(1, TRIES):
            self._sleep(PAUSE_S * 2 ** (attempt - 1))
            try:
                return self._detector.detect([image])[0]
            except DeviceLostError:
                raise
            except DetectorError as again:
                error = again
        try:
            self._detector.detect([np.zeros((8, 8, 3), np.uint8)])
        except DetectorError as broken:
            raise DeviceLostError(f"the detector fails on a blank image too: {broken}") from broken
        return error
