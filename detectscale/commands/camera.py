"""`detectscale camera`: its arguments, and the one call they make."""

from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def camera(
    source: Annotated[
        str, typer.Argument(help="`store`, `store:SEED`, a folder, a video file or an `rtsp://` URL.")
    ],
    name: Annotated[
        str | None, typer.Option(help="The camera's id; made from the source if not given.")
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Stop after this many frames.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Publish a camera's frames at its own rate until it ends or Ctrl-C.

    Example: `detectscale camera rtsp://10.0.0.5/stream1 --name door`

    Example: `detectscale camera lobby.mp4 --frames 500`
    """
    from detectscale.places import Places
    from detectscale.publish import publish_camera

    publish_camera(Places.of(state_dir).connected(settings_of(config)), source, name, frames)
