"""
One run: a scaler meets a workload, and everything that came of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autoscaler.simulation.agenda import Agenda
from autoscaler.simulation.columns import Numbers
from autoscaler.simulation.plant import Plant
from autoscaler.simulation.workload import Workload

AFTERWARDS_S = 900.0
"""A run goes on this long after the last arrival: what a scaler leaves running then costs it."""

Scaler = Callable[[Plant, int], None]
"""Takes charge of a plant before its run, by calls on its agenda; the number seeds its randomness."""


@dataclass(frozen=True, slots=True)
class Run:
    """What happened to each record and to each worker; seconds since the first arrival."""

    arrivals: Numbers
    done_at: Numbers
    """Commit of each record; inf: it was never done, or dropped as too old."""
    created_at: Numbers
    """Of each worker that ever was, ascending; the next two are in the same order."""
    left_at: Numbers
    """When it was told to leave; the end of the run if it never was."""
    gone_at: Numbers
    cold_starts: int
    until: float
    """The end."""


def run(workload: Workload, scaler: Scaler, seed: int) -> Run:
    """Play *workload* once, from its least replicas on. The same seed gives the same run."""
    agenda = Agenda()
    plant = Plant(workload, agenda, seed)
    until = float(workload.arrivals[-1]) + AFTERWARDS_S
    plant.have_ready(workload.min_replicas)
    scaler(plant, seed)
    agenda.run(until)
    workers = sorted([*plant.gone, *plant.workers], key=lambda worker: worker.number)
    return Run(
        workload.arrivals,
        np.array(plant.done_at),
        np.array([worker.created_at for worker in workers]),
        np.array([min(worker.left_at, until) for worker in workers]),
        np.array([min(worker.gone_at, until) for worker in workers]),
        plant.starts,
        until,
    )
