"""
How few of the ready replicas are enough for long enough that giving up the others pays; pure.

A replica given up has to be ordered again a late cold start before the rest can no longer
keep the goal. If that is several cold starts away, its absence saves more than its start
will cost. The arrival rate decides, not who is busy: a replica too many takes small
batches and looks as busy as any.

The constants were chosen by looking at the six traces of the policy benchmark.
"""

import numpy as np
import numpy.typing as npt

from autoscaler.capacity import distinct, even
from autoscaler.demand import Demand
from autoscaler.lookahead import needed_by, served_by
from autoscaler.observation import Observation

PAYS_AFTER = 3.0
"""Cold starts' worth of absence that pays for one; less makes the fleet saw-tooth in noisy traffic."""
STEPS = 80
"""Into which that time is cut."""
HALF_A_RECORD = 0.5
"""The fluid queue knows fractions of records, which are never late."""
CALM_AGE = 0.1
"""Share of the goal that the oldest may have waited for the backlog to count as none."""
CANCELLABLE = 0.7
"""Share of a mean cold start after which a start is seen through. Without a limit, too much is late."""


def fewest(observation: Observation, work: Demand, slo_s: float, settled: bool) -> int:
    """
    How few replicas may remain, starting ones included.

    Args:
        settled: No replica came or went so lately that the partitions may still be on their way.
    """
    ready = observation.ready
    seen_through = sum(
        start.age_s > CANCELLABLE * (work.start_s - work.rebalance_s) for start in observation.starting
    )
    calm = (work.oldest_age or 0.0) <= CALM_AGE * slo_s + work.batch_s
    if ready < 2 or observation.starting or not settled or not calm:
        return ready + seen_through
    too_few = np.flatnonzero(~_lasting(observation, work))
    enough = int(too_few[-1]) + 2 if len(too_few) else 1
    return min([size for size in distinct(observation.partitions, ready) if size >= enough] or [ready])


def _lasting(observation: Observation, work: Demand) -> npt.NDArray[np.bool_]:
    """Whether 1, 2, ... replicas, fewer than are ready, would need no other for long enough."""
    sizes = np.arange(1, observation.ready)
    instants = np.linspace(0.0, work.late_start_s + PAYS_AFTER * work.start_s, STEPS)
    serving_s = np.maximum(instants - work.rebalance_s, 0.0)
    capacity = work.replica_rate * even(sizes, observation.partitions)[:, np.newaxis] * serving_s
    short = needed_by(observation, work, instants) > served_by(capacity, work, instants) + HALF_A_RECORD
    lasts: npt.NDArray[np.bool_] = np.logical_not(short.any(axis=1))
    return lasts
