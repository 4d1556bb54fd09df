"""`detectscale results`: its arguments, and the one call they make."""

from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of
from detectscale.commands.through_gateway import Gateway, KeyFile, client_of


def results(
    follow: Annotated[
        bool, typer.Option("--follow", help="Print outcomes as they come, until Ctrl-C.")
    ] = False,
    frame: Annotated[str | None, typer.Option(help="Only the outcome of the frame with this id.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only the newest result of this camera.")] = None,
    label: Annotated[
        str | None, typer.Option(help="With --follow: only results with an object of this label.")
    ] = None,
    gateway: Gateway = None,
    key_file: KeyFile = None,
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

    Example, by HTTP: `detectscale results --gateway http://localhost:8080 --follow --label person`

    Example, a shadow: `detectscale results --compare detections shadow.detections --since 15m`

    Example, a canary: `detectscale results --compare @3f2a @9c41 --report canary.json`
    """
    from detectscale.places import Places
    from frames.errors import ConfigError

    if compare is not None:
        from detectscale.compare_results import compare_results

        if follow or frame or label or gateway:
            raise ConfigError(
                "results: --compare A B goes with --camera, not with --follow, --frame, --label or --gateway"
            )
        settings = Places.of(state_dir).connected(settings_of(config))
        compare_results(settings, compare, camera, since, limit, report)
        return
    if report is not None:
        raise ConfigError("results: --report is for --compare A B")
    if label is not None and not follow:
        raise ConfigError("results: --label goes with --follow")
    if gateway is not None:
        from detectscale.client.shell import results_of_gateway

        with client_of(gateway, key_file) as client:
            results_of_gateway(client, follow, frame, camera, label)
        return
    from detectscale.show_results import show_results

    if key_file is not None:
        raise ConfigError("results: --key-file goes with --gateway URL")
    show_results(Places.of(state_dir).connected(settings_of(config)), follow, frame, camera, label)
