"""
What no scaler can beat: a lower bound on the GPU-seconds of any that meets every deadline.

A clairvoyant chooses the workers of each slot of time by dynamic programming. Wherever
time or work has to be rounded, and wherever the plant has a hindrance (partitions,
part-filled batches, irregular times), it is relaxed in the clairvoyant's favour.

Time is cut into slots of d seconds, work into units of g = mu * d / m records, of which
one worker does m in a slot. By the end of slot t, U[t] units have arrived and L[t] are
due. A state is (units served, workers). A step chooses the next slot's workers, pays d
for each and a start for each that is new, and serves all there is: to put work off
never helps.

Why it is a bound. Take any schedule that meets every deadline, and give the clairvoyant
a worker in every slot in which one of its workers could serve. By induction over the
slots he has then served at least as much at the end of each, so he meets the deadlines
too. Serving for l seconds touches slots of less than l + 2d seconds, which is why 2d are
taken off the price of a start. (He never needs more workers than there may be: a
replacement is ready long after the last batch of the worker it replaces.)

Source: network calculus: first come, first served with one relative deadline D is on
time exactly if S(t) >= A(t - D).
"""

import math
from dataclasses import dataclass

import numpy as np

from autoscaler.simulation.plant import RECONCILE_S
from autoscaler.simulation.workload import Workload

UNITS = 4
"""m; more costs time and moves the bounds by less than 0.3 %."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How finely time and work are cut, and what follows from it."""

    slot_s: float
    """d."""
    units: int
    """m: that one worker does in a slot."""
    start_s: float
    """Price of a start on top of the slots in which the worker serves."""
    early: int = 0
    """Slots by which records arrive early."""
    begun_is_due: bool = False
    """A unit of which only a part is due is due as well: whoever serves whole units must serve it."""


def bound(workload: Workload) -> float:
    """
    GPU-seconds below which no deadline can be missed; inf where all replicas together miss one.

    A start costs a mean cold start; rebalances are free, and so are the workers there at the beginning.
    """
    start_s = RECONCILE_S + workload.cold_start.mean_s
    slot_s = min(5.0, workload.slo_s / 4, (start_s + workload.rebalance_s) / 2)
    return least_cost(workload, Grid(slot_s, UNITS, max(start_s - 2 * slot_s, 0.0)))


def tighter_bound(workload: Workload) -> float:
    """
    The same with fine slots, and starts that pay for their rebalance too; 10 s a day, minutes for long goals.

    Each worker's serving is moved back to the beginning of the slot in which it begins, so
    that l seconds touch less than l + d, and only one d is taken off. What is served too
    early for that has arrived a slot early.
    """
    start_s = RECONCILE_S + workload.cold_start.mean_s + workload.rebalance_s
    slot_s = min(1.0, workload.slo_s / 4, start_s)
    return least_cost(workload, Grid(slot_s, UNITS, start_s - slot_s, early=1, begun_is_due=True))


def least_cost(workload: Workload, grid: Grid) -> float:
    """
    The cheapest way through the grid.

    `cost[s, n]` is what remains to be paid with L + s units served and n workers, and slots
    are gone through from the last to the first.
    """
    arrived, due = curves(workload, grid)
    workers = np.arange(workload.most_workers + 1)
    cost = np.zeros((1, len(workers)))
    for t in range(len(arrived) - 1, 0, -1):
        served = np.arange(due[t - 1], arrived[t - 1] + 1)[:, np.newaxis]
        then = np.minimum(served + grid.units * workers, arrived[t]) - due[t]
        paid = np.where(then < 0, np.inf, cost[np.maximum(then, 0), workers] + grid.slot_s * workers)
        fewer = np.minimum.accumulate(paid, axis=1)
        started = paid + grid.start_s * workers
        more = np.minimum.accumulate(started[:, ::-1], axis=1)[:, ::-1] - grid.start_s * workers
        cost = np.minimum(fewer, more)
    return float(cost[0, min(workload.min_replicas, workload.most_workers)])


def curves(workload: Workload, grid: Grid) -> tuple[list[int], list[int]]:
    """Units that have arrived and that are due by the end of each slot, from none before the first to all."""
    wait = math.ceil(workload.slo_s / grid.slot_s)
    slots = math.floor(workload.arrivals[-1] / grid.slot_s) + 1 + wait
    ends = np.arange(1, slots + 1)
    unit = workload.worker_rate * grid.slot_s / grid.units
    arrived, due = (
        np.searchsorted(workload.arrivals, instants * grid.slot_s, side="right") / unit
        for instants in (ends + grid.early, ends - wait)
    )
    arrived = np.ceil(arrived).astype(int)
    due = (np.ceil(due) if grid.begun_is_due else np.floor(due)).astype(int)
    due[-1] = arrived[-1]
    return [0, *arrived.tolist()], [0, *due.tolist()]
