"""
The scaling policy, "deadline drain": one pure function from an observation to a decision.

Look ahead with every size of the fleet, and recommend the cheapest (`lookahead.py`). The
recommendation passes through a row of limits; the last limit that changed it names the
reason. A new rule is a new function and a new row.

    up      at the last moment at which waiting costs nothing yet
    down    once the rest will do for several cold starts (`release.py`)
    to zero once a gap has outlasted those after which it was worth staying (`keep_alive.py`)

What cannot work however it is scaled is said beside the decision (`feasibility.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from autoscaler.decision import Decision, Memory, Outlook, Reason
from autoscaler.demand import Demand, demand
from autoscaler.expiry import unexpired
from autoscaler.feasibility import warnings
from autoscaler.keep_alive import keep_alive_s
from autoscaler.lookahead import cheapest, look_ahead
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings
from autoscaler.release import fewest
from autoscaler.surges import least_for_surges

__all__ = ["Decision", "Memory", "PolicySettings", "Reason", "decide"]


def decide(observation: Observation, memory: Memory, params: PolicySettings) -> tuple[Decision, Memory]:
    """Choose the replica count for *observation*; return it with what to remember."""
    current = observation.replicas if memory.replicas is None else memory.replicas
    served = unexpired(observation, params)
    work = demand(served, params)
    memory = memory.updated(observation, work)
    outlook = _outlook(served, memory, params, work)
    recommended = cheapest(outlook.options).replicas if outlook.options else 0
    case = Case(observation, params, work, outlook, current)
    replicas, reason = recommended, Reason.WITHIN_RANGE
    for limit, name in LIMITS:
        limited = limit(replicas, case)
        if limited != replicas:
            replicas, reason = limited, name
    decision = Decision(
        observation.at, replicas, recommended, reason, work, outlook, warnings(observation, work, params)
    )
    return decision, replace(memory, replicas=replicas)


def _outlook(observation: Observation, memory: Memory, params: PolicySettings, work: Demand) -> Outlook:
    now, quiet = observation.at, memory.quiet_since is not None
    options = () if quiet else look_ahead(observation, work, params)
    grows = bool(options) and cheapest(options).replicas > observation.replicas
    settled = memory.ready_since is not None and now - memory.ready_since > work.rebalance_s
    return Outlook(
        options,
        look_ahead(observation, work, params, delay_s=params.tick_s) if grows else (),
        fewest(observation, work, params.slo_s, settled),
        least_for_surges(memory.rates, work, params, observation.partitions),
        keep_alive_s(memory.gaps, work, params) if quiet else None,
        0.0 if memory.quiet_since is None else max(now - memory.quiet_since, 0.0),
    )


@dataclass(frozen=True, slots=True)
class Case:
    """What a limit may look at."""

    observation: Observation
    params: PolicySettings
    demand: Demand
    outlook: Outlook
    current: int
    """Replicas as last decided."""


def not_before_it_must_be(replicas: int, case: Case) -> int:
    """
    Do not grow while a start a tick later costs no more, and wants no more.

    From zero, do not wake one replica before the oldest record has waited as long as it may.
    """
    now, later = case.outlook.options, case.outlook.options_later
    if replicas <= case.current or not later:
        return replicas
    if not case.observation.replicas:
        patient = (case.demand.oldest_age or 0.0) < case.demand.patience_s
        if not patient or replicas == 1:
            return case.current if patient else replicas
    best, best_later = cheapest(now), cheapest(later)
    waits = best_later.cost <= best.cost and best_later.replicas <= best.replicas
    return case.current if waits else replicas


def ready_for_surges(replicas: int, case: Case) -> int:
    """Have a reserve where no start is in time, unless there has been nothing to do for long enough."""
    return replicas if case.outlook.over else max(replicas, case.outlook.surges)


def no_more_for_nothing(replicas: int, case: Case) -> int:
    """Do not grow while nothing waits but what is lost: neither a reserve nor the expired buy a replica."""
    return replicas if case.demand.waiting else min(replicas, case.current)


def kept_alive(replicas: int, case: Case) -> int:
    """The last replica stays until there has been nothing to do for `keep_alive_s`."""
    return replicas if case.outlook.over else max(replicas, min(case.current, 1))


def stabilized(replicas: int, case: Case) -> int:
    """Give up only those whose absence pays, unless there has been nothing to do for long enough."""
    return replicas if case.outlook.over else max(replicas, min(case.outlook.fewest, case.current))


def never_less_on_unknown(replicas: int, case: Case) -> int:
    """Give up nothing while the arrival rate, or the age or speed of what waits, is not known."""
    seen = case.observation
    unknown = seen.arrival_rate is None or (seen.waiting > 0 and None in (seen.oldest_age, seen.service_time))
    return max(replicas, case.current) if unknown else replicas


def no_more_than_find_a_place(replicas: int, case: Case) -> int:
    """
    Do not grow while there is no place to run for a replica, and has not been for longer than a start takes.

    Until then more may be wanted: whoever adds nodes sees by the replicas that wait how many it takes.
    """
    seen = case.observation
    overdue = seen.unschedulable and seen.starting and seen.starting[0].age_s > case.demand.late_start_s
    return min(replicas, case.current) if overdue else replicas


def someone_for_what_waits(replicas: int, case: Case) -> int:
    """
    Never 0 while anything is in flight; the last one stays while anything waits.

    What has expired counts here, as somebody must give it its outcome. A replica that is
    ready does so at once, and one that starts is seen through: cancelled, it would be
    ordered again for the next record. From zero nobody is started for it; it goes with the next.
    """
    if case.observation.in_flight:
        return max(replicas, 1)
    return max(replicas, min(case.current, 1)) if case.observation.waiting else replicas


def at_most_one_per_partition(replicas: int, case: Case) -> int:
    """A replica without a partition has no work."""
    return min(replicas, case.observation.partitions)


def at_least_the_minimum(replicas: int, case: Case) -> int:
    return max(replicas, case.params.min_replicas)


def at_most_the_maximum(replicas: int, case: Case) -> int:
    return min(replicas, case.params.max_replicas)


LIMITS: tuple[tuple[Callable[[int, Case], int], Reason], ...] = (
    (not_before_it_must_be, Reason.NOT_YET),
    (ready_for_surges, Reason.SURGES),
    (no_more_for_nothing, Reason.NOTHING_WAITS),
    (kept_alive, Reason.KEEP_ALIVE),
    (stabilized, Reason.STABILIZED),
    (never_less_on_unknown, Reason.UNKNOWN),
    (no_more_than_find_a_place, Reason.UNSCHEDULABLE),
    (someone_for_what_waits, Reason.FRAMES_IN_FLIGHT),
    (at_most_one_per_partition, Reason.PARTITIONS),
    (at_least_the_minimum, Reason.TOO_FEW),
    (at_most_the_maximum, Reason.TOO_MANY),
)
"""In this order; a later limit overrules an earlier one."""
