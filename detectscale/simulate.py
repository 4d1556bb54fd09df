"""
`detectscale simulate`: what scalers would have cost on a trace, and how late they would have been.
"""

import json
import math
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from autoscaler.observation import ServiceTime
from autoscaler.simulation.arrivals_file import read_arrivals
from autoscaler.simulation.candidates import CANDIDATES
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.compare import Comparison, Job, Row, compare
from autoscaler.simulation.figures import Figures
from autoscaler.simulation.picture import draw
from autoscaler.simulation.run import run
from autoscaler.simulation.workload import Workload
from frames.errors import ConfigError


def simulate(
    arrivals: Path,
    slo_s: float,
    overhead_s: float,
    per_frame_s: float,
    max_batch: int,
    cv: float,
    partitions: int,
    cold_start: str,
    rebalance_s: float,
    min_replicas: int,
    max_replicas: int | None,
    seeds: int,
    policies: list[str],
    report: Path | None,
    plot: Path | None,
) -> None:
    """
    Print a table of *policies* on the trace *arrivals*; write it as JSON and draw it where asked to.

    Args:
        arrivals: CSV or CSV.gz with a column `at`: seconds, ascending.
        cold_start: Seconds, or a CSV file `quantile,seconds`.
        max_replicas: None: one for each partition.
        policies: Names in `CANDIDATES`.

    Raises:
        ConfigError: A file or an argument cannot be used as it is.
    """
    check_arguments(policies, seeds, (report, plot))
    workload = Workload(
        read_arrivals(arrivals),
        slo_s,
        ServiceTime(overhead_s, per_frame_s),
        max_batch,
        cv,
        partitions,
        ColdStartLaw.parse(cold_start),
        rebalance_s,
        min_replicas,
        partitions if max_replicas is None else max_replicas,
    )
    comparison = compare(workload, policies, seeds, on_all_cores)
    Console().print(table(workload, comparison, seeds))
    if report is not None:
        report.write_text(json.dumps(as_json(comparison), indent=2) + "\n")
    if plot is not None:
        runs = {row.policy: run(workload, row.candidate.scaler, seed=0) for row in comparison.rows}
        draw(runs, slo_s, plot)


def check_arguments(policies: Sequence[str], seeds: int, outputs: Iterable[Path | None]) -> None:
    """Raise ConfigError before minutes were spent, not after."""
    unknown = sorted(set(policies) - set(CANDIDATES))
    if unknown or not policies:
        raise ConfigError(f"policy: must be of {', '.join(CANDIDATES)}, got {', '.join(unknown) or 'none'}")
    if seeds < 1:
        raise ConfigError(f"seeds: must be at least 1, got {seeds}")
    for path in outputs:
        if path is not None and not path.absolute().parent.is_dir():
            raise ConfigError(f"{path}: the folder to write it into does not exist")


def on_all_cores(play: Callable[[Job], Figures], jobs: Sequence[Job]) -> Iterable[Figures]:
    """Map with a process for each core, and a progress bar on stderr."""
    with multiprocessing.get_context("spawn").Pool() as pool:
        console = Console(stderr=True)
        done = pool.imap(play, jobs)
        yield from track(
            done, "simulating", len(jobs), console=console, transient=True, disable=not console.is_terminal
        )


def table(workload: Workload, comparison: Comparison, seeds: int) -> Table:
    """For people."""
    grid = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        title=f"{len(workload.arrivals):,} arrivals in {workload.arrivals[-1] / 3600:.1f} h, "
        f"on time within {workload.slo_s:g} s, {seeds} seed{'s' if seeds > 1 else ''}; "
        f"bound {_shown(comparison.bound_gpu_seconds, 0)} GPU-s",
        caption="\n".join(
            f"{row.policy}, best in hindsight: {row.candidate.settings}"
            for row in comparison.rows
            if len(CANDIDATES[row.policy](workload)) > 1
        ),
    )
    grid.add_column("policy")
    for heading in ("GPU-s", "x bound", "on time", "worst", "p50 s", "p99 s", "starts", "most"):
        grid.add_column(heading, justify="right")
    for row in comparison.rows:
        f = row.figures
        grid.add_row(
            row.policy,
            f"{f.gpu_seconds:,.0f}",
            _shown(comparison.times_bound(row), 2),
            f"{f.attainment:.2%}",
            f"{row.worst_attainment:.2%}",
            _shown(f.p50_s, 2),
            _shown(f.p99_s, 2),
            f"{f.cold_starts:,.0f}",
            f"{f.max_replicas:.0f}",
        )
    return grid


def _shown(number: float, digits: int) -> str:
    return f"{number:,.{digits}f}" if math.isfinite(number) else "-"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """For programs; JSON has no infinity, which is null."""
    return {
        "bound_gpu_seconds": known(comparison.bound_gpu_seconds),
        "rows": [_json_row(row, comparison) for row in comparison.rows],
    }


def _json_row(row: Row, comparison: Comparison) -> dict[str, str | float | None]:
    f = row.figures
    return {
        "policy": row.policy,
        "settings": row.candidate.settings,
        "gpu_seconds": f.gpu_seconds,
        "times_bound": known(comparison.times_bound(row)),
        "attainment": f.attainment,
        "worst_attainment": row.worst_attainment,
        "p50_s": known(f.p50_s),
        "p99_s": known(f.p99_s),
        "cold_starts": f.cold_starts,
        "max_replicas": f.max_replicas,
    }


def known(number: float) -> float | None:
    """None for an infinite number, which JSON does not have."""
    return number if math.isfinite(number) else None
