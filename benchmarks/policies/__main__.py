"""
The scaling policies side by side on many scenarios, beside the clairvoyant bound.

    python -m benchmarks.policies --scenarios DIR --report policies.json

Without a folder, on scenarios made here, which take a few minutes. `keda-grid` and
`always-on` try every setting of theirs: on a day's trace they take most of the time.
A short trace is played with more seeds than asked for, as one start more or less shows there.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from autoscaler.simulation.bound import tighter_bound
from autoscaler.simulation.candidates import CANDIDATES
from autoscaler.simulation.compare import Comparison, compare
from autoscaler.simulation.workload import Workload
from benchmarks.command import run
from benchmarks.machine import describe_machine
from benchmarks.policies.made import made_scenarios
from benchmarks.policies.overall import Overall, overall
from benchmarks.policies.scenario_folder import read_scenarios
from detectscale.simulate import as_json, check_arguments, known, on_all_cores, table

SHORT_S = 2 * 3600.0
"""Traces shorter than this are played `MORE_SEEDS` times as often."""
MORE_SEEDS = 8


def main(
    scenarios: Annotated[
        Path | None, typer.Option(help="A folder with scenarios.json, cold_start.csv and traces.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the tables as JSON.")] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Runs of each policy, eight times as many on traces below 2 h.")
    ] = 3,
    policy: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(CANDIDATES)}; repeatable; all if not given.")
    ] = None,
) -> None:
    """Print a table for each scenario and one over all of them."""
    policies = policy or list(CANDIDATES)
    check_arguments(policies, seeds, [report])
    workloads = read_scenarios(scenarios) if scenarios is not None else made_scenarios(_say)
    machine = describe_machine()
    print(
        f"{len(policies)} policies on {len(workloads)} scenarios, {seeds} seeds, "
        f"{seeds * MORE_SEEDS} on short traces; {machine}",
        flush=True,
    )
    played = {name: seeds * (MORE_SEEDS if w.arrivals[-1] < SHORT_S else 1) for name, w in workloads.items()}
    comparisons = compared(workloads, policies, played)
    tighter = tighter_bounds(workloads, comparisons)
    totals = overall(comparisons.values())
    print("Over all scenarios:")
    for name, total in totals.items():
        print(f"  {name}: {total}")
    if report is not None:
        report.write_text(report_json(machine, played, comparisons, tighter, totals))


def compared(
    workloads: Mapping[str, Workload], policies: Sequence[str], seeds: Mapping[str, int]
) -> Mapping[str, Comparison]:
    """Compare on one scenario after another; print each table as soon as it is there."""
    comparisons = {}
    for number, (name, workload) in enumerate(workloads.items(), start=1):
        _say(f"{number}/{len(workloads)} {name}: {len(workload.arrivals):,} arrivals")
        began_at = time.monotonic()
        comparisons[name] = compare(workload, policies, seeds[name], on_all_cores)
        _say(f"  took {time.monotonic() - began_at:.0f} s")
        print(f"\n{name}", flush=True)
        Console().print(table(workload, comparisons[name], seeds[name]))
    return comparisons


def tighter_bounds(
    workloads: Mapping[str, Workload], comparisons: Mapping[str, Comparison]
) -> Mapping[str, float]:
    """Find and print the tighter bound of each scenario, with the cost of each policy as a multiple of it."""
    bounds = {}
    print("\nBy the tighter bound:")
    for name, workload in workloads.items():
        bounds[name] = tighter_bound(workload)
        rows = comparisons[name].rows
        times = (f"{row.policy} {row.figures.gpu_seconds / bounds[name]:.2f} x" for row in rows)
        print(f"  {name}, {bounds[name]:,.0f} GPU-s: {', '.join(times)}", flush=True)
    return bounds


def report_json(
    machine: str,
    seeds: Mapping[str, int],
    comparisons: Mapping[str, Comparison],
    tighter: Mapping[str, float],
    totals: Mapping[str, Overall],
) -> str:
    """For programs; a scenario looks as in `detectscale simulate --report`, with two figures more."""
    figures: dict[str, Any] = {
        "machine": machine,
        "scenarios": {
            name: as_json(comparison)
            | {"seeds": seeds[name], "tighter_bound_gpu_seconds": known(tighter[name])}
            for name, comparison in comparisons.items()
        },
        "overall": {name: total.as_json() for name, total in totals.items()},
    }
    return json.dumps(figures, indent=2) + "\n"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
