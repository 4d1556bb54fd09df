"""`detectscale demo`: its arguments, and the one call they make."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, Model, StateDir, Trust, settings_of


def demo(
    source: Annotated[
        str, typer.Option(help="`store`, `store:SEED`, a folder, a video file or an `rtsp://` URL.")
    ] = "store",
    model: Model = None,
    trust: Trust = False,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write some frames with their boxes into this folder.")
    ] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    A store day in about two minutes: quiet, a rush, quiet, a second wake-up.

    Frames enter a real Kafka, workers start from zero, detect, publish, and are gone again.
    Exit status 0 only if every frame has an outcome and no worker is left.

    Example: `detectscale demo --report demo.json --save boxes/`

    Example: `detectscale demo --source lobby.mp4`
    """
    from detectscale.demo import run_demo
    from detectscale.places import Places

    settings = settings_of(config, model, trust)
    if not run_demo(settings, Places.of(state_dir), source, report, save):
        sys.exit(1)
