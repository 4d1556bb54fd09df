"""
What one decision costs: `decide` timed on the observations of a simulated rush.

    python -m benchmarks.decide --report decide.json
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from autoscaler.decision import Memory
from autoscaler.observation import Observation, ServiceTime
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from autoscaler.simulation.agenda import Agenda
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.plant import Plant
from autoscaler.simulation.policy_scaler import act
from autoscaler.simulation.virtual_sensor import VirtualSensor
from autoscaler.simulation.workload import Workload
from benchmarks.command import run
from benchmarks.machine import describe_machine

RUSH_S = 600.0
TICK_S = 2.0
WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Size:
    """How large the world is that is decided about."""

    partitions: int
    max_replicas: int
    ready: int
    """Replicas that the policy is shown; one that must grow is more to think about."""
    rate: float
    """Records per second that arrive."""

    def __str__(self) -> str:
        return f"{self.partitions} partitions, {self.ready} of {self.max_replicas} replicas ready"


SIZES = (
    Size(24, max_replicas=64, ready=64, rate=40.0),
    Size(24, max_replicas=64, ready=4, rate=40.0),
    Size(1000, max_replicas=64, ready=64, rate=100.0),
    Size(1000, max_replicas=64, ready=4, rate=100.0),
    Size(1000, max_replicas=1000, ready=4, rate=100.0),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one decision."""

    size: Size
    decisions: int
    median_ms: float
    p99_ms: float


def main(
    decisions: Annotated[int, typer.Option(min=1, help="How many of each size are timed.")] = 1000,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Print the median and the 99th percentile for each size."""
    machine = describe_machine()
    print(f"decide, {decisions} times for each size, every {TICK_S:g} s of a simulated rush; {machine}")
    timings = []
    for size in SIZES:
        timing = timed(size, decisions)
        timings.append(timing)
        print(f"{size}: median {timing.median_ms:.3f} ms, p99 {timing.p99_ms:.3f} ms", flush=True)
    if report is not None:
        figures = {"machine": machine, "timings": [asdict(timing) for timing in timings]}
        report.write_text(json.dumps(figures, indent=2) + "\n")


def timed(size: Size, decisions: int) -> Timing:
    """Time *decisions* decisions about a world of *size*, after some to warm up."""
    params = policy(size)
    seen = list(rush(size, params))
    took_ms = []
    for number in range(WARM_UP + decisions):
        observation, memory = seen[number % len(seen)]
        began_at = time.perf_counter()
        decide(observation, memory, params)
        took_ms.append((time.perf_counter() - began_at) * 1000)
    median, p99 = np.quantile(took_ms[WARM_UP:], (0.5, 0.99))
    return Timing(size, decisions, float(median), float(p99))


def policy(size: Size) -> PolicySettings:
    """The settings that go with the rush."""
    return PolicySettings(
        max_replicas=size.max_replicas, slo_s=60.0, max_batch=8, service_prior_s=0.5, cold_start_prior_s=30.0
    )


def rush(size: Size, params: PolicySettings) -> Iterator[tuple[Observation, Memory]]:
    """
    What the policy is given at every tick of ten minutes that begin with nobody there.

    Only the number of ready replicas is put in its place: the simulation has no more workers
    than partitions, where `minReplicaCount` may ask for more.
    """
    agenda = Agenda()
    plant = Plant(workload(size), agenda, seed=0)
    sensor = VirtualSensor(plant, params.rate_window_s)
    memory = Memory()
    for at in np.arange(0.0, RUSH_S, TICK_S).tolist():
        agenda.run(at)
        observation = sensor.observe(at)
        yield replace(observation, ready=size.ready), memory
        decision, memory = decide(observation, memory, params)
        act(plant, decision)


def workload(size: Size) -> Workload:
    """Arrivals at random, and workers of 1.8 records a second."""
    rng = np.random.default_rng(0)
    return Workload(
        np.sort(rng.uniform(0.0, RUSH_S, int(size.rate * RUSH_S))),
        slo_s=60.0,
        service=ServiceTime(0.5, 0.5),
        max_batch=8,
        cv=0.1,
        partitions=size.partitions,
        cold_start=ColdStartLaw((0.0, 0.5, 1.0), (10.0, 30.0, 60.0)),
        rebalance_s=3.0,
        min_replicas=0,
        max_replicas=size.max_replicas,
    )


if __name__ == "__main__":
    run(main)
