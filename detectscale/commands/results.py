"""`detectscale results`: its arguments, and the one call they make."""

from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def results(
    follow: Annotated[
        bool, typer.Option("--follow", help="Print outcomes as they come, until Ctrl-C.")
    ] = False,
    frame: Annotated[str | None, typer.Option(help="Only the outcome of the frame with this id.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only the newest result of this camera.")] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Instead: where two sides differ. A side is TOPIC, TOPIC@DIGEST for one model in it, or "
            "@DIGEST for one in `topics.detections`; the first characters of a digest are enough.",
        ),
    ] = None,
    since: Annotated[
        str, typer.Option(help="With --compare: results from then on, `2026-11-24T08:00Z` or `2h`.")
    ] = "1h",
    limit: Annotated[
        int, typer.Option(min=1, help="With --compare: frames kept in memory; of more, a fair sample.")
    ] = 10_000,
    report: Annotated[Path | None, typer.Option(help="With --compare: write it as JSON.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Print results, one JSON object a line: the newest of each camera, or all that come.

    Example: `detectscale results --camera door`

    Example: `detectscale results --follow | jq .detections`

    Example, a shadow: `detectscale results --compare detections shadow.detections --since 15m`

    Example, a canary: `detectscale results --compare @3f2a @9c41 --report canary.json`
    """
    from detectscale.places import Places
    from frames.errors import ConfigError

    if compare is None:
        from detectscale.show_results import show_results

        if report is not None:
            raise ConfigError("results: --report is for --compare A B")
        show_results(Places.of(state_dir).connected(settings_of(config)), follow, frame, camera)
        return
    from detectscale.compare_results import compare_results

    if follow or frame is not None:
        raise ConfigError("results: --compare A B goes with --camera, but not with --follow or --frame")
    settings = Places.of(state_dir).connected(settings_of(config))
    compare_results(settings, compare, camera, since, limit, report)
