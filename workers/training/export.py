"""
Turn trained weights into an ONNX file that runs without torch: `detectscale export`.

YOLO26 carries two heads. "end-to-end" emits at most 300 finished boxes, (1, 300, 6): x1, y1,
x2, y2, score, class. "one-to-many" emits every anchor, (1, 4 + labels, anchors): the box as
middle and size, then a score per label; it needs non-maximum suppression afterwards.

The input is fixed to (1, 3, height, width), RGB in 0..1: engines plan memory and kernels for
it, and on a CPU a larger batch gains nothing over several requests at once.
"""

import warnings
from pathlib import Path
from typing import Any, Literal

from frames.errors import ConfigError
from workers.training.manifest import Manifest, ModelFile
from workers.training.ultralytics_import import import_ultralytics

Head = Literal["end-to-end", "one-to-many"]

OPSET = 17
"""The newest that the exporter of `torch.onnx` without dynamo writes, and old enough for every engine."""


def export(
    weights: Path, output: Path, width: int = 640, height: int = 480, head: Head = "one-to-many"
) -> Manifest:
    """
    Write *output*, an `.onnx` file, and its manifest beside it; return the manifest.

    Neither holds a path or a date: the same weights give the same bytes.

    Args:
        weights: A `.pt` file of a YOLO26, written by `detectscale train` or by Ultralytics.
        width: Of the input in pixels; a multiple of 32, as is *height*.
        head: The bundled model finds more with "one-to-many" (map50 0.903 against 0.861).

    Raises:
        ConfigError: The file cannot be loaded as a detection model, a side is no multiple of 32,
            or the model has no such head.
    """
    if width % 32 or height % 32:
        raise ConfigError(f"export: input {width}x{height}: both sides must be multiples of 32")
    model = _load(weights)
    model.end2end = head == "end-to-end"
    if model.end2end != (head == "end-to-end"):
        raise ConfigError(f"{weights}: the model has no {head} head; export another one")
    labels = tuple(model.names[i] for i in range(len(model.names)))
    _write_graph(model, output, width, height)
    _write_metadata(output, labels, width, height, head)
    manifest = Manifest(output.stem, {"onnx": ModelFile.of(output)}, labels, width, height, head)
    manifest.write(output.with_suffix(".yaml"))
    return manifest


def _load(weights: Path) -> Any:
    import_ultralytics()
    from ultralytics.nn.tasks import load_checkpoint

    try:
        model, _ = load_checkpoint(str(weights))
    except Exception as error:  # whatever the pickle in a stranger's file raises
        raise ConfigError(f"{weights}: not the weights of a detection model: {error}") from error
    return model.float().eval()


def _write_graph(model: Any, output: Path, width: int, height: int) -> None:
    import torch

    model.fuse(verbose=False)
    detect = model.model[-1]
    detect.export, detect.format, detect.dynamic = True, "onnx", False
    example = torch.zeros(1, 3, height, width)
    with torch.no_grad(), warnings.catch_warnings():
        # The new exporter would need onnxscript, and writes the paths of source files into the graph.
        warnings.simplefilter("ignore")
        model(example)  # lays out the anchors for this size
        torch.onnx.export(
            model,
            (example,),
            output,
            input_names=["images"],
            output_names=["output0"],
            opset_version=OPSET,
            dynamo=False,
        )


def _write_metadata(output: Path, labels: tuple[str, ...], width: int, height: int, head: Head) -> None:
    """Add what Ultralytics expects of an ONNX file, in its own words."""
    import onnx

    graph = onnx.load(output)
    metadata = {
        "task": "detect",
        "names": str(dict(enumerate(labels))),
        "stride": "32",
        "batch": "1",
        "imgsz": str([height, width]),
        "end2end": str(head == "end-to-end"),
        "license": "AGPL-3.0",
    }
    onnx.helper.set_model_props(graph, metadata)
    onnx.save(graph, output)
