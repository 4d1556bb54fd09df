"""
How many replicas the work asks for, as a number with a fraction; pure.

    needed * mu  =  max(lambda / u, lambda + L' / T)

mu: what one replica finishes per second. lambda: arrivals per second; u: the share of
a replica's time they may take. L': records that will wait when a replica ordered now
is ready, given what runs and starts already: that is what keeps a backlog that grows
during a cold start from ordering ever more. T: seconds from then until the oldest is
late; but not less than `drain_target_s`, as what is late anyway sets no pace, nor than
a cold start, as a replica that works for less than its start took was not worth it.

Sources: utilization law rho = lambda / (n * mu); the fluid queue dL/dt = lambda - n * mu.
"""

from dataclasses import dataclass

from autoscaler.observation import Observation, ServiceTime
from autoscaler.policy_settings import PolicySettings

SLOW_START = 0.15
"""A replica whose start takes longer than usual is expected to need this share of its age again."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The steps from an observation to a number of replicas."""

    waiting: int
    """Records that wait now."""
    oldest_age: float | None
    """Seconds; None: nothing waits."""
    arrival_rate: float
    """lambda, records per second; 0 where the observation does not know it."""
    replica_rate: float
    """mu, records per second."""
    cold_start_s: float
    """Until a replica ordered now is ready: the 90th percentile."""
    backlog: float
    """L', records."""
    drain_s: float
    """T."""
    replicas: float
    """needed, with its fraction."""


def demand(observation: Observation, params: PolicySettings) -> Demand:
    """What *observation* asks for."""
    service = observation.service_time or ServiceTime(0.0, params.service_prior_s)
    replica_rate = service.throughput(params.max_batch)
    cold_start_s = observation.cold_start.p90_s if observation.cold_start else params.cold_start_prior_s
    arrival_rate = observation.arrival_rate or 0.0
    work_s = replica_seconds(observation, cold_start_s)
    backlog = max(observation.waiting + arrival_rate * cold_start_s - replica_rate * work_s, 0.0)
    left_s = params.slo_s - (observation.oldest_age or 0.0) - cold_start_s
    drain_s = max(left_s, params.pace_s, cold_start_s)
    needed = max(arrival_rate / params.target_utilization, arrival_rate + backlog / drain_s) / replica_rate
    return Demand(
        observation.waiting,
        observation.oldest_age,
        arrival_rate,
        replica_rate,
        cold_start_s,
        backlog,
        drain_s,
        needed,
    )


def replica_seconds(observation: Observation, cold_start_s: float) -> float:
    """Seconds of work that the replicas there are can do until one ordered now is ready."""
    starting = [max(cold_start_s - age, SLOW_START * age) for age in observation.starting_ages]
    available = [cold_start_s] * observation.ready + [max(cold_start_s - left, 0.0) for left in starting]
    return sum(sorted(available, reverse=True)[: observation.partitions])
