"""`detectscale train`: its arguments, and the one call they make."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.export import Format


class Backend(StrEnum):
    """How processes talk to each other."""

    GLOO = "gloo"
    NCCL = "nccl"


def train(
    output: Annotated[Path, typer.Option(help="The .pt file to write.")],
    data: Annotated[
        Path | None, typer.Option(help="A folder in the Ultralytics layout; the drawn store if not given.")
    ] = None,
    cameras: Annotated[int, typer.Option(min=1, max=1000, help="Cameras of the store to learn from.")] = 300,
    frames_per_camera: Annotated[int, typer.Option(min=1)] = 10,
    width: Annotated[int, typer.Option(min=32, help="Of what the model sees; a multiple of 32.")] = 320,
    height: Annotated[int, typer.Option(min=32, help="Of what the model sees; a multiple of 32.")] = 256,
    epochs: Annotated[int, typer.Option(min=1)] = 10,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per step, of all processes together.")] = 16,
    architecture: Annotated[str, typer.Option(help="A model that Ultralytics describes.")] = "yolo26n.yaml",
    processes: Annotated[
        int, typer.Option(min=1, help="Share the work among so many processes; not under torchrun.")
    ] = 1,
    backend: Annotated[
        Backend | None, typer.Option(help="How processes talk.", show_default="nccl on cuda, else gloo")
    ] = None,
    device: Annotated[str, typer.Option(help="As torch names it: cpu, cuda, cuda:1.")] = "cpu",
    learning_rate: Annotated[float, typer.Option(min=0, help="The highest one, after warming up.")] = 0.002,
    seed: int = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Written after each epoch; a training that was cut short goes on from it. "
            "Remove it to start anew.",
            show_default="beside the output",
        ),
    ] = None,
    kind: Annotated[
        Format | None,
        typer.Option("--export", help="Also write this format, at the size trained at, with its manifest."),
    ] = None,
) -> None:
    """
    Train a small YOLO from random weights; needs `pip install 'detectscale[ultralytics]'`.

    Example: `detectscale train --output store.pt --processes 2`

    Example: `detectscale train --output mine.pt --data shelves/ --epochs 50 --device cuda`

    Example: `torchrun --nproc-per-node 2 -m detectscale train --output store.pt --export onnx`
    """
    from detectscale.training import train_shown
    from workers.training.course import TrainSettings

    settings = TrainSettings(
        data=data,
        cameras=cameras,
        frames_per_camera=frames_per_camera,
        architecture=architecture,
        width=width,
        height=height,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
        processes=processes,
        backend=backend.value if backend else None,
    )
    train_shown(settings, output, checkpoint, kind.value if kind else None)
