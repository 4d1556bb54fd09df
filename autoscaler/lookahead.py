"""
What each size of the fleet would come to: its lateness and its idleness, priced alike; pure.

A fluid queue is played ahead for every size at once. A record is late if it was not taken
within `usable_s` of its append; the price of that is `late_price` times its service.
A rule without prices ("miss nothing avoidable") starts a dozen replicas for three records.

    J(n) = late_price / mu * (missed + lateness / D) + starts - starts spared + idle

`missed` counts late records, each when its own time is up; `lateness` integrates over time
how many of them wait. Without the latter, to wait would cost nothing once all is late anyway.

Sources: reflection of a fluid queue, served(h) = C(h) + min(0, min over u <= h of L +
lambda * u - C(u)); network calculus: first come, first served with one deadline D is on
time exactly if S(t) >= A(t - D); priced misses: Faro (EuroSys '25).
"""

from dataclasses import dataclass

import numpy as np

from autoscaler.capacity import Counts, Numbers, distinct, even, skewed
from autoscaler.demand import Demand
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings
from autoscaler.starts import as_given_up, expected_s, latest_s

STEPS = 40
"""Into which the time ahead is cut. A replica that becomes ready within one counts by its share of it."""


@dataclass(frozen=True, slots=True)
class Option:
    """A size of the fleet, and what it would come to."""

    replicas: int
    cost: float
    """J, in seconds of a replica."""
    missed: float
    """Records that would be late."""
    lateness: float
    """Late records times the seconds for which they wait."""
    idle_s: float
    """Seconds of replicas that would be ready and have nothing to do."""
    starts_s: float
    """Seconds of replicas for further cold starts; negative where some are cancelled."""


def look_ahead(
    observation: Observation, work: Demand, params: PolicySettings, delay_s: float = 0.0
) -> tuple[Option, ...]:
    """The options, smallest first; *delay_s*: what is started now is started that much later."""
    sizes = _sizes(observation, params)
    until_s = max(work.usable_s, work.late_start_s) + work.start_s
    instants = np.linspace(0.0, until_s, STEPS + 1)
    step_s = instants[1]
    share = _ready(int(sizes[-1]), observation, work, delay_s, instants)
    served = served_by(_capacity(share, sizes, observation, work, step_s), work, instants)
    late = np.maximum(needed_by(observation, work, instants) - served, 0.0)
    missed = missed_of(served, observation, work, instants)
    lateness = late.sum(axis=1) * step_s
    ready_s = share.sum(axis=1).cumsum()[sizes - 1] * step_s
    idle_s = np.maximum(ready_s - served[:, -1] / work.replica_rate, 0.0)
    starts_s = np.maximum(sizes - observation.replicas, 0) * work.start_s - _saved(sizes, observation, work)
    price = params.late_price / work.replica_rate
    cost = price * (missed + lateness / params.slo_s) + idle_s + starts_s
    columns = (column.tolist() for column in (sizes, cost, missed, lateness, idle_s, starts_s))
    return tuple(Option(*row) for row in zip(*columns, strict=True))


def cheapest(options: tuple[Option, ...]) -> Option:
    """The one of the least cost; the smallest among equals."""
    return min(options, key=lambda option: option.cost)


def needed_by(observation: Observation, work: Demand, instants: Numbers) -> Numbers:
    """Records that must have been taken by each of *instants* from now, for none to be late."""
    taken_by, counts = _waiting(observation, work)
    to_come = work.arrival_rate * np.maximum(instants - work.usable_s, 0.0)
    needed: Numbers = counts[np.searchsorted(taken_by, instants, side="right")] + to_come
    return needed


def missed_of(served: Numbers, observation: Observation, work: Demand, instants: Numbers) -> Numbers:
    """
    Records that are not taken in time, for each row of *served*, records taken by each of *instants*.

    Each group of equal age is looked at when its own time is up: on the grid of the instants,
    a group would be late or not by chance, and the fleet would start and cancel by it.
    """
    taken_by, counts = _waiting(observation, work)
    beyond = instants[instants > work.usable_s]
    due_at = np.concatenate((taken_by, beyond))
    due = np.concatenate((counts, counts[-1] + work.arrival_rate * (beyond - work.usable_s)))
    step = np.minimum((due_at / instants[1]).astype(int), len(instants) - 2)
    share = due_at / instants[1] - step
    by_then = served[:, step] * (1 - share) + served[:, step + 1] * share
    missed: Numbers = np.maximum(due[1:] - np.maximum(by_then, due[:-1]), 0.0).sum(axis=1)
    return missed


def _waiting(observation: Observation, work: Demand) -> tuple[Numbers, Numbers]:
    """By when what waits must be taken, group by group, the oldest first; how much that is in all by then."""
    profile = observation.backlog_ages or ((work.oldest_age or 0.0, work.waiting),)
    groups = np.array(sorted(profile, reverse=True), float)
    taken_by = np.maximum(work.usable_s - groups[:, 0], 0.0)
    return taken_by, np.concatenate(([0.0], groups[:, 1].cumsum()))


def served_by(capacity: Numbers, work: Demand, instants: Numbers) -> Numbers:
    """Records taken by each of *instants*, for each row of what could be taken by then."""
    short = np.minimum.accumulate(work.waiting + work.arrival_rate * instants - capacity, axis=-1)
    served: Numbers = capacity + np.minimum(short, 0.0)
    return served


def _sizes(observation: Observation, params: PolicySettings) -> Counts:
    most = max(min(params.max_replicas, observation.partitions), 1)
    here = min(max(observation.replicas, 1), most)
    return np.array(sorted({*distinct(observation.partitions, most), here, most}))


def _ready(most: int, observation: Observation, work: Demand, delay_s: float, instants: Numbers) -> Numbers:
    """The share of each step for which the first, second, ... of *most* replicas is ready."""
    starting = sorted(latest_s(start, work) for start in observation.starting)
    there = [0.0] * observation.ready + starting
    ready_in = np.array((there + [work.late_start_s + delay_s] * most)[:most])
    share: Numbers = np.clip((instants[1:] - ready_in[:, np.newaxis]) / instants[1], 0.0, 1.0)
    return share


def _capacity(
    share: Numbers, sizes: Counts, observation: Observation, work: Demand, step_s: float
) -> Numbers:
    """Records that could be taken by the end of each step, and none before the first, by size."""
    gain = np.diff(even(np.arange(len(share) + 1), observation.partitions))
    effective = (share * gain[:, np.newaxis]).cumsum(axis=0)[sizes - 1]
    most = skewed(sizes, observation.lag, work.arrival_rate * work.usable_s)
    undisturbed = _undisturbed(share, sizes, observation, work)
    taken = np.minimum(effective, most[:, np.newaxis]) * undisturbed * work.replica_rate * step_s
    return np.concatenate((np.zeros((len(sizes), 1)), taken.cumsum(axis=1)), axis=1)


def _undisturbed(share: Numbers, sizes: Counts, observation: Observation, work: Demand) -> Numbers:
    """
    The share of each step in which partitions are not on their way, by size.

    Until the last replica has come, each that comes stops them all for `rebalance_s`, at an instant
    that nobody knows: m stops of R seconds at random in W seconds leave exp(-m * R / W) of them.
    """
    joins = np.maximum(sizes - observation.ready, 0)
    left = np.exp(-joins * work.rebalance_s / work.late_start_s)
    return np.where(share[sizes - 1] < 1, left[:, np.newaxis], 1.0)


def _saved(sizes: Counts, observation: Observation, work: Demand) -> Numbers:
    """Seconds of cold starts that each size spares by cancelling some."""
    left = [expected_s(start, work) + work.rebalance_s for start in as_given_up(observation.starting)]
    saved = np.array([0.0, *left]).cumsum()
    cancelled = np.clip(observation.replicas - sizes, 0, len(left))
    total: Numbers = saved[cancelled]
    return total
