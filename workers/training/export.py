"""
Turn trained weights into a model that a worker runs: `detectscale export`.

    store.onnx               OpenVINO on a CPU, without torch; and what the other two are made from
    store_openvino_model/    OpenVINO, parsed already
    store.torchscript        torch
    store.engine             TensorRT, for the kind of GPU and the release that it is made on

YOLO26 carries two heads. "end-to-end" emits at most 300 finished boxes, (1, 300, 6): x1, y1,
x2, y2, score, class. "one-to-many" emits every anchor, (1, 4 + labels, anchors): the box as
middle and size, then a score per label; it needs non-maximum suppression afterwards.

The input is fixed to (1, 3, height, width), RGB in 0..1: engines plan memory and kernels for
it, and on a CPU a larger batch gains nothing over several requests at once.
"""

from pathlib import Path
from typing import Any

from frames.errors import ConfigError
from workers.training.formats import ENDINGS, WRITERS, Graph, Head
from workers.training.manifest import Manifest, ModelFile
from workers.training.ultralytics_import import import_ultralytics


def export(
    weights: Path, output: Path, width: int = 640, height: int = 480, head: Head = "one-to-many"
) -> Manifest:
    """
    Write *output*, and its manifest beside it; return the manifest.

    What the manifest says of other formats stays, if these are the same model. An `.onnx` file
    holds no path and no date: the same weights give the same bytes.

    Args:
        weights: A `.pt` file of a YOLO26, written by `detectscale train` or by Ultralytics.
        output: Its ending says the format, see `ENDINGS`.
        width: Of the input in pixels; a multiple of 32, as is *height*.
        head: The bundled model finds more with "one-to-many" (map50 0.903 against 0.861).

    Raises:
        ConfigError: The file cannot be loaded as a detection model, a side is no multiple of 32,
            the model has no such head, or this machine cannot write the format.
    """
    if width % 32 or height % 32:
        raise ConfigError(f"export: input {width}x{height}: both sides must be multiples of 32")
    kind = _format_of(output)
    WRITERS[kind].check()
    model = _load(weights)
    model.end2end = head == "end-to-end"
    if model.end2end != (head == "end-to-end"):
        raise ConfigError(f"{weights}: the model has no {head} head; export another one")
    labels = tuple(model.names[i] for i in range(len(model.names)))
    WRITERS[kind].write(Graph(model, labels, width, height, head), output)
    name = output.name.removesuffix(ENDINGS[kind])
    path = output.with_name(f"{name}.yaml")
    manifest = Manifest(name, {kind: ModelFile.of(output)}, labels, width, height, head).beside(path)
    manifest.write(path)
    return manifest


def _format_of(output: Path) -> str:
    for kind, ending in ENDINGS.items():
        if output.name.endswith(ending) and output.name != ending:
            return kind
    raise ConfigError(f"export: {output}: the name must end in {', '.join(ENDINGS.values())}")


def _load(weights: Path) -> Any:
    import_ultralytics()
    from ultralytics.nn.tasks import load_checkpoint

    try:
        model, _ = load_checkpoint(str(weights))
    except Exception as error:  # whatever the pickle in a stranger's file raises
        raise ConfigError(f"{weights}: not the weights of a detection model: {error}") from error
    return model.float().eval()
