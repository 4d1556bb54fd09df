"""Make the model that the package ships: weights, graph, and a manifest with what it finds."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from workers.model import ModelSettings, load_model
from workers.openvino_detector import OpenVinoDetector
from workers.training.dataset import HELD_OUT_CAMERAS, draw_examples
from workers.training.evaluate import MeanAveragePrecision
from workers.training.export import export
from workers.training.formats import Head
from workers.training.manifest import ModelFile
from workers.training.measure import measure

FRAMES_PER_CAMERA = 12
QUALITY = 85
"""Of the JPEGs it is measured on: what cameras of the store send."""


def bundle(weights: Path, folder: Path, name: str, width: int, height: int, head: Head, command: str) -> None:
    """
    Fill *folder* with `NAME.pt`, `NAME.onnx` and `NAME.yaml`.

    Args:
        command: What made *weights*; goes into the manifest.

    Raises:
        ConfigError: See `export`.
    """
    shutil.copyfile(weights, folder / f"{name}.pt")
    graph = folder / f"{name}.onnx"
    exported = export(weights, graph, width, height, head)
    manifest = replace(
        exported,
        files={**exported.files, "pt": ModelFile.of(folder / f"{name}.pt")},
        accuracy=_accuracy(graph),
        evaluated_on=(
            f"synthetic store, cameras {HELD_OUT_CAMERAS.start} to {HELD_OUT_CAMERAS.stop - 1}, "
            f"{FRAMES_PER_CAMERA} frames each, 640x480, JPEG quality {QUALITY}"
        ),
        command=command,
    )
    manifest.write(graph.with_suffix(".yaml"))


def _accuracy(graph: Path) -> MeanAveragePrecision:
    settings = ModelSettings(path=str(graph), min_score=0.001)
    with tempfile.TemporaryDirectory() as cache:
        detector = OpenVinoDetector(load_model(settings, Path(cache)), settings, Path(cache))
        examples = draw_examples(HELD_OUT_CAMERAS, FRAMES_PER_CAMERA, QUALITY)
        return measure(detector, examples, detector.labels)
