"""`detectscale results`: its arguments, and the one call they make."""

from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def results(
    follow: Annotated[
        bool, typer.Option("--follow", help="Print outcomes as they come, until Ctrl-C.")
    ] = False,
    frame: Annotated[str | None, typer.Option(help="Only the outcome of the frame with this id.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only the newest result of this camera.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Print results, one JSON object a line: the newest of each camera, or all that come.

    Example: `detectscale results --camera door`

    Example: `detectscale results --follow | jq .detections`
    """
    from detectscale.places import Places
    from detectscale.show_results import show_results

    show_results(Places.of(state_dir).connected(settings_of(config)), follow, frame, camera)
