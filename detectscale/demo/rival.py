"""
What KEDA's Kafka scaler at its defaults would have done with the same arrivals: simulated, and said to be so.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.compare import compare
from autoscaler.simulation.workload import Workload

CV = 0.1
"""Coefficient of variation of service times: nobody measured it here."""
REBALANCE_S = 0.3
"""Two heartbeats and a round trip, as the workers here need."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A simulated scaler; its cost includes the time it keeps workers after the last frame."""

    replica_seconds: float
    attainment: float
    """Share of the frames within the SLO."""


def keda_default(appended: Collection[float], last: Observation, policy: PolicySettings) -> Rival | None:
    """
    Simulate KEDA's defaults with the service and cold-start times that this run has shown.

    Args:
        appended: Instants of append, in any order.
        last: The last observation of the run.

    Returns:
        None where the run has shown neither.
    """
    workload = workload_seen(sorted(appended), last, policy)
    if workload is None:
        return None
    [row] = compare(workload, ["keda-default"], seeds=1).rows
    return Rival(round(row.figures.gpu_seconds, 1), round(row.figures.attainment, 4))


def workload_seen(appended: Sequence[float], last: Observation, policy: PolicySettings) -> Workload | None:
    """
    What was to be done, for workers as *last* knows them.

    Args:
        appended: Instants of append, ascending.

    Returns:
        None where nothing came, or it is not known how fast workers start and work.
    """
    if last.service_time is None or last.cold_start is None or not appended:
        return None
    instants = np.array(appended, dtype=np.float64)
    return Workload(
        arrivals=instants - instants[0],
        slo_s=policy.slo_s,
        service=last.service_time,
        max_batch=policy.max_batch,
        cv=CV,
        partitions=last.partitions,
        cold_start=ColdStartLaw.parse(str(last.cold_start.mean_s)),
        rebalance_s=REBALANCE_S,
        min_replicas=policy.min_replicas,
        max_replicas=policy.max_replicas,
    )
