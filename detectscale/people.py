"""
Where people are, for whoever must blur them: the detector of the settings, shared by all cameras.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from frames.cameras.heads import Box
from frames.errors import ConfigError
from workers.detector import Detector
from workers.detectors import open_detectors
from workers.model import ModelSettings, load_model

if TYPE_CHECKING:
    from cv2.typing import MatLike

PERSON = "person"
MIN_SCORE = 0.1
"""Rather a shelf blurred than a face shown."""


class PeopleFinder:
    """
    Finds people with the model of the settings. Opens it at `open`; any thread may ask.

    Args:
        cache_dir: Of models.
    """

    def __init__(self, settings: ModelSettings, cache_dir: Path) -> None:
        self._settings = settings.model_copy(update={"min_score": MIN_SCORE})
        self._cache_dir = cache_dir
        self._lock = threading.Lock()
        self._detector: Detector | None = None

    def open(self) -> Detector:
        """
        Load the model, once.

        Raises:
            DetectscaleError: It cannot be loaded, or does not say that it knows people.
        """
        with self._lock:
            if self._detector is None:
                self._detector = self._load()
            return self._detector

    def __call__(self, pixels: "MatLike") -> list[Box]:
        """The boxes of all people found in *pixels*, uint8, (H, W, 3), BGR."""
        import cv2
        import numpy as np

        detector = self.open()
        image = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
        with self._lock:
            [found] = detector.detect([image])
        return [detection.box for detection in found if detection.label == PERSON]

    def _load(self) -> Detector:
        model = load_model(self._settings, self._cache_dir)
        detector = open_detectors(model, self._settings, self._cache_dir)[0]
        labels: tuple[str, ...] = model.labels or getattr(detector, "labels", None) or ()
        if PERSON not in labels:
            known = f"knows {', '.join(labels)}" if labels else "does not say what it knows"
            raise ConfigError(
                f"blur_faces: the model {model.name} {known}, and no {PERSON}: name another in model.path"
            )
        detector.warm_up()
        return detector
