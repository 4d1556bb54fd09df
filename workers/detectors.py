"""
Which detector runs a model, and opening it.

Engines are imported here and only when chosen: torch takes a second that a worker on OpenVINO
does not have.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from frames.outcome import Detection
from workers.detector import Detector, Image
from workers.model import Model, ModelSettings, bundled


def open_detectors(model: Model, settings: ModelSettings, cache_dir: Path) -> Sequence[Detector]:
    """
    Load *model*, for as many threads as can use it at once and one more, whose frame lies ready.

    Without that one each stream idles while the next frame is decoded (2 streams: 3 to 8 % more frames).

    Args:
        cache_dir: Where compiled code is kept for the next start, by engines that can.

    Raises:
        ConfigError: The engine is not installed, or cannot run this model.
        DetectorError: The device has no room for it, or is lost.
    """
    if chosen(model.path, settings) == "openvino":
        from workers.openvino_detector import OpenVinoDetector

        first = OpenVinoDetector(model, settings, cache_dir)
        return [first, *(first.beside() for _ in range(settings.threads))]
    from workers.torch_network import load_network
    from workers.ultralytics_detector import UltralyticsDetector

    shared = TakingTurns(UltralyticsDetector(load_network(model, settings), settings))
    return [shared, shared]


class TakingTurns:
    """One detector for two threads: one decodes while the other detects."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()
        self.input_size = detector.input_size

    @property
    def device(self) -> str:
        """See `Detector.device`."""
        return self._detector.device

    @property
    def batch_limit(self) -> int:
        """See `Detector.batch_limit`."""
        return self._detector.batch_limit

    def warm_up(self) -> None:
        """See `Detector.warm_up`."""
        self._detector.warm_up()

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """See `Detector.detect`."""
        with self._lock:
            return self._detector.detect(images)


def import_engine(settings: ModelSettings) -> None:
    """
    Import what will run the model, before it is here: by its name, which nearly always tells.

    Raises:
        ConfigError: The engine is not installed.
    """
    if chosen(Path(settings.path or bundled(settings)), settings) == "openvino":
        import workers.openvino_detector
    else:
        import workers.ultralytics_detector  # noqa: F401


def chosen(path: Path, settings: ModelSettings) -> Literal["openvino", "ultralytics"]:
    """
    The engine for the model at *path*, a file or a folder of an export.

    >>> chosen(Path("store.onnx"), ModelSettings()), chosen(Path("yolo26n.pt"), ModelSettings())
    ('openvino', 'ultralytics')
    """
    if settings.detector != "auto":
        return settings.detector
    is_openvino = path.suffix in (".onnx", ".xml") or any(path.glob("*.xml"))
    return "openvino" if is_openvino else "ultralytics"
