"""
The scaling policy: one pure function from an observation to a decision.

The demand becomes a recommendation, which passes through a row of limits; the last
limit that changed it names the reason. A new rule is a new function and a new row.

Sources: Kubernetes HPA (tolerance; `behavior`, scale-down stabilization); `demand.py`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from autoscaler.decision import Decision, Memory, Reason
from autoscaler.demand import Demand, demand
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings

__all__ = ["Decision", "Memory", "PolicySettings", "Reason", "decide"]


def decide(observation: Observation, memory: Memory, params: PolicySettings) -> tuple[Decision, Memory]:
    """Choose the replica count for *observation*; return it with what to remember."""
    current = observation.replicas if memory.replicas is None else memory.replicas
    asked = demand(observation, params)
    recommended = _recommended(asked.replicas, current, params.tolerance)
    memory = memory.updated(observation, recommended, params)
    case = Case(observation, memory, params, asked, current)
    replicas, reason = recommended, Reason.WITHIN_RANGE
    for limit, name in LIMITS:
        limited = limit(replicas, case)
        if limited != replicas:
            replicas, reason = limited, name
    decision = Decision(observation.at, replicas, recommended, reason, asked)
    return decision, replace(memory, replicas=replicas)


def _recommended(needed: float, current: int, tolerance: float) -> int:
    if current and abs(needed / current - 1) <= tolerance:
        return current
    return math.ceil(needed)


@dataclass(frozen=True, slots=True)
class Case:
    """What a limit may look at."""

    observation: Observation
    memory: Memory
    params: PolicySettings
    demand: Demand
    current: int
    """Replicas as last decided."""

    @property
    def quiet_s(self) -> float:
        """Seconds for which there has been nothing to do."""
        if self.memory.quiet_since is None:
            return 0.0
        return max(self.observation.at - self.memory.quiet_since, self.observation.idle_for or 0.0)


def no_more_for_nothing(replicas: int, case: Case) -> int:
    """Do not grow while nothing waits, or while what runs and starts suffices: reserve buys no replica."""
    enough = case.observation.waiting == 0 or case.demand.backlog == 0
    return min(replicas, case.current) if enough else replicas


def stabilized(replicas: int, case: Case) -> int:
    """Give up only what no recommendation of the window asked for, unless there is nothing left to do."""
    if case.quiet_s >= case.params.keep_alive_s:
        return replicas
    highest = max(recommended for _, recommended in case.memory.recommendations)
    return max(replicas, min(highest, case.current))


def never_less_on_unknown(replicas: int, case: Case) -> int:
    """Give up nothing while the arrival rate, or the age or speed of what waits, is not known."""
    seen = case.observation
    unknown = seen.arrival_rate is None or (seen.waiting > 0 and None in (seen.oldest_age, seen.service_time))
    return max(replicas, case.current) if unknown else replicas


def someone_for_what_waits(replicas: int, case: Case) -> int:
    """Never 0 while anything waits or is in flight."""
    return max(replicas, 1) if case.observation.waiting or case.observation.in_flight else replicas


def kept_alive(replicas: int, case: Case) -> int:
    """The last replica stays until there has been nothing to do for `keep_alive_s`."""
    return max(replicas, min(case.current, 1)) if case.quiet_s < case.params.keep_alive_s else replicas


def at_most_one_per_partition(replicas: int, case: Case) -> int:
    """A replica without a partition has no work."""
    return min(replicas, case.observation.partitions)


def at_least_the_minimum(replicas: int, case: Case) -> int:
    return max(replicas, case.params.min_replicas)


def at_most_the_maximum(replicas: int, case: Case) -> int:
    return min(replicas, case.params.max_replicas)


LIMITS: tuple[tuple[Callable[[int, Case], int], Reason], ...] = (
    (no_more_for_nothing, Reason.NOTHING_WAITS),
    (stabilized, Reason.STABILIZED),
    (never_less_on_unknown, Reason.UNKNOWN),
    (someone_for_what_waits, Reason.FRAMES_IN_FLIGHT),
    (kept_alive, Reason.KEEP_ALIVE),
    (at_most_one_per_partition, Reason.PARTITIONS),
    (at_least_the_minimum, Reason.TOO_FEW),
    (at_most_the_maximum, Reason.TOO_MANY),
)
"""In this order; a later limit overrules an earlier one."""
