"""
The work there is and what it takes, as plain numbers; pure.

Where the observation does not know a number, the setting that stands for it is used.
What follows from an unknown may add replicas, but never takes one away (`policy.py`).
"""

from dataclasses import dataclass

from autoscaler.observation import Observation, ServiceTime
from autoscaler.policy_settings import PolicySettings

SURPRISE = 0.15
"""Share of a late cold start that is kept in reserve for it (chosen by looking at traces)."""
ENOUGH_STARTS = 5
"""Cold starts until their mean is believed; before, only a longer one than the prior is."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the policy reckons with."""

    waiting: int
    """L: records that wait now or are in flight."""
    oldest_age: float | None
    """Seconds; None: nothing waits."""
    arrival_rate: float
    """lambda, records per second; 0 where the observation does not know it."""
    replica_rate: float
    """mu: records per second of one replica in full batches."""
    record_s: float
    """s(1): seconds of a batch of one."""
    batch_s: float
    """s(B): seconds of a full batch."""
    start_s: float
    """From the decision to the first batch, in the mean: a cold start and a rebalance."""
    late_start_s: float
    """The same with the 90th percentile of the cold starts."""
    rebalance_s: float
    """R."""
    usable_s: float
    """De: how old a record may become before it is taken, with some reserve."""
    patience_s: float
    """How long a record that comes to nobody may wait before a replica is started for it."""


def demand(observation: Observation, params: PolicySettings) -> Demand:
    """What *observation* asks for."""
    service = observation.service_time or ServiceTime(0.0, params.service_prior_s)
    rebalance_s = params.rebalance_prior_s if observation.rebalance_s is None else observation.rebalance_s
    mean_s, late_s = _cold_start(observation, params)
    batch_s = service.seconds(params.max_batch)
    wake_s = (1 + SURPRISE) * late_s + rebalance_s + service.seconds(1)
    return Demand(
        observation.waiting,
        observation.oldest_age,
        observation.arrival_rate or 0.0,
        service.throughput(params.max_batch),
        service.seconds(1),
        batch_s,
        mean_s + rebalance_s,
        late_s + rebalance_s,
        rebalance_s,
        max(params.slo_share * params.slo_s - batch_s, 0.0),
        max(params.slo_s - wake_s - 2 * params.tick_s, 0.0),
    )


def _cold_start(observation: Observation, params: PolicySettings) -> tuple[float, float]:
    """Mean and 90th percentile, which is at least a tick: nobody is seen to be ready any sooner."""
    prior_s, seen = params.cold_start_prior_s, observation.cold_start
    if seen is None:
        return prior_s, max(prior_s, params.tick_s)
    if seen.count < ENOUGH_STARTS:
        return prior_s, max(prior_s, seen.p90_s, params.tick_s)
    return seen.mean_s, max(seen.p90_s, params.tick_s)
