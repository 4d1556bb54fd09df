"""`detectscale export`: its arguments, and the one call they make."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from frames.errors import ConfigError


class Head(StrEnum):
    """The two heads of YOLO26 (see `workers.training.export`)."""

    END_TO_END = "end-to-end"
    ONE_TO_MANY = "one-to-many"


class Format(StrEnum):
    """What can be written (see `workers.training.formats`)."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    TORCHSCRIPT = "torchscript"
    ENGINE = "engine"


def export(
    weights: Annotated[Path, typer.Argument(help="Trained weights.", metavar="WEIGHTS.pt")],
    output: Annotated[
        Path | None, typer.Option(help="Its ending says the format; beside the weights if not given.")
    ] = None,
    kind: Annotated[
        Format | None,
        typer.Option(
            "--format", help="engine is TensorRT, for the GPU that it is made on.", show_default="onnx"
        ),
    ] = None,
    width: Annotated[int, typer.Option(min=32, help="Of the input; a multiple of 32.")] = 640,
    height: Annotated[int, typer.Option(min=32, help="Of the input; a multiple of 32.")] = 480,
    head: Annotated[Head, typer.Option(help="end-to-end needs no NMS; one-to-many finds a little more.")] = (
        Head.END_TO_END
    ),
) -> None:
    """
    Turn weights into a model with its manifest, ready for `--model`.

    Example: `detectscale export store.pt --width 640 --height 480`

    Example: `detectscale export store.pt --format openvino`
    """
    from workers.training.export import export as run_export
    from workers.training.formats import ENDINGS

    target = output or weights.with_name(weights.stem + ENDINGS[kind or Format.ONNX])
    if kind and not target.name.endswith(ENDINGS[kind]):
        raise ConfigError(f"--output {target}: the name of {kind} must end in {ENDINGS[kind]}")
    manifest = run_export(weights, target, width, height, head.value)
    print(f"{target}: {', '.join(manifest.labels)}")
