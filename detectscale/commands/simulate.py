"""`detectscale simulate`: its arguments, and the one call they make."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of
from frames.errors import ConfigError


def simulate(
    arrivals: Annotated[
        Path | None, typer.Option(help="CSV or CSV.gz of arrival instants in seconds, one column `at`.")
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(metavar="FILE_OR_TOPIC", help="Instead: make the decisions of a journal again."),
    ] = None,
    what_if: Annotated[
        list[str] | None, typer.Option(help="With --journal: a policy setting to try, key=value; repeatable.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="With --journal: whose decisions, where a topic is about several.")
    ] = None,
    slo_s: Annotated[float, typer.Option("--slo-s", help="From append to result.")] = 60.0,
    overhead_s: Annotated[float, typer.Option("--overhead-s", help="a of s(b) = a + c*b.")] = 0.5,
    per_frame_s: Annotated[float, typer.Option("--per-frame-s", help="c of s(b) = a + c*b.")] = 0.5,
    max_batch: int = 8,
    cv: Annotated[float, typer.Option(help="Coefficient of variation of service times.")] = 0.1,
    partitions: int = 24,
    cold_start: Annotated[
        str, typer.Option(help="Seconds from decision to ready, or a CSV `quantile,seconds`.")
    ] = "35",
    rebalance_s: Annotated[float, typer.Option("--rebalance-s", help="Pause when workers come or go.")] = 3.0,
    min_replicas: Annotated[int, typer.Option("--min")] = 0,
    max_replicas: Annotated[int | None, typer.Option("--max", help="One per partition if not given.")] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each policy.")] = 3,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="deadline-drain, keda-default, keda-rule, keda-grid, always-on; repeatable."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the table as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw replicas, backlog and age over time.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    What scalers would have cost on a trace, and how late, beside a clairvoyant bound.

    With `--journal` it makes the decisions of a running or past system again instead: from a file of
    JSON lines, or from the topic `decisions`. Exit status 1 if one comes out differently.

    Example: `detectscale simulate --arrivals day.csv --slo-s 60 --plot day.png`

    Example: `detectscale simulate --arrivals day.csv --policy keda-default --policy deadline-drain`

    Example: `detectscale simulate --journal decisions --what-if slo_s=5`
    """
    if journal is not None:
        from detectscale.places import Places
        from detectscale.replay import replay_journal

        if not replay_journal(journal, settings_of(config), Places.of(state_dir), what_if or [], target):
            sys.exit(1)
        return
    if arrivals is None:
        raise ConfigError("simulate: nothing to simulate; name --arrivals FILE or --journal FILE_OR_TOPIC")
    from detectscale.simulate import simulate as run_simulation

    run_simulation(
        arrivals,
        slo_s,
        overhead_s,
        per_frame_s,
        max_batch,
        cv,
        partitions,
        cold_start,
        rebalance_s,
        min_replicas,
        max_replicas,
        seeds,
        policy or ["deadline-drain", "keda-default", "keda-rule"],
        report,
        plot,
    )
