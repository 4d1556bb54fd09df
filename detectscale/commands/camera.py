"""`detectscale camera`: its arguments, and the one call they make."""

from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def camera(
    source: Annotated[
        str | None,
        typer.Argument(
            help="`store`, `store:SEED`, a folder, a video file, an `rtsp://` URL or `/dev/video0`."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The camera's id; made from the source if not given.")
    ] = None,
    cameras: Annotated[
        Path | None,
        typer.Option(
            help="Instead of SOURCE: all cameras of a YAML file, which is read again when it changes."
        ),
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Stop a camera after this many frames.")] = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve /metrics, /healthz and /readyz there.")
    ] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Publish a camera's frames at its own rate until it ends or Ctrl-C.

    While the network is gone the newest frames are kept, `publisher.buffer_bytes` of them.

    Example: `detectscale camera rtsp://10.0.0.5/stream1 --name door`

    Example: `detectscale camera lobby.mp4 --frames 500`

    Example, with rate, size, motion gate, masks and blurred faces for each of several cameras
    (see `docs/cameras.yaml`): `detectscale camera --cameras cameras.yaml`
    """
    if (source is None) == (cameras is None) or (cameras and name):
        raise typer.BadParameter("name one SOURCE, or several with --cameras FILE (which names them)")
    from detectscale.cameras import publish_camera, publish_cameras
    from detectscale.places import Places

    places = Places.of(state_dir)
    settings = places.connected(settings_of(config))
    if cameras is not None:
        publish_cameras(settings, cameras, frames, places.model_cache, http_port)
    elif source is not None:
        publish_camera(settings, source, name, frames, places.model_cache, http_port)
