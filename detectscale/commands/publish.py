"""`detectscale publish`: its arguments, and the one call they make."""

from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def publish(
    files: Annotated[list[Path], typer.Argument(help="JPEG or PNG files.", metavar="FILE...")],
    camera: Annotated[str, typer.Option(help="The camera they are from.")] = "files",
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Send whatever the files hold; broken ones end as dead letters.")
    ] = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Send images once, and print the id of each frame the broker has acknowledged.

    Example: `detectscale publish bus.jpg street.png --camera door`
    """
    from detectscale.places import Places
    from detectscale.publish import publish_files

    publish_files(Places.of(state_dir).connected(settings_of(config)), files, camera, as_is)
