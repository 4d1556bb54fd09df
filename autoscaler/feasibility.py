"""
What no policy can keep as things are, said in words with the numbers; pure.
"""

from autoscaler.demand import Demand
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings


def warnings(observation: Observation, work: Demand, params: PolicySettings) -> tuple[str, ...]:
    """One sentence for each thing that stands in the way of the goal."""
    found = (warning(observation, work, params) for warning in WARNINGS)
    return tuple(said for said in found if said is not None)


def cold_start_too_long(observation: Observation, work: Demand, params: PolicySettings) -> str | None:
    """A record that meets no replica is late."""
    wakes_in_s = work.late_start_s + work.record_s
    if params.min_replicas or wakes_in_s <= params.slo_s:
        return None
    return (
        f"from zero a record takes {wakes_in_s:.1f} s, slo_s is {params.slo_s:g} s: "
        "set min_replicas to 1, or make starts quicker"
    )


def too_few_partitions(observation: Observation, work: Demand, params: PolicySettings) -> str | None:
    """More replicas than partitions do not help."""
    most = observation.partitions * work.replica_rate
    if work.arrival_rate <= most:
        return None
    return (
        f"{work.arrival_rate:.1f}/s arrive, {observation.partitions} partitions allow {most:.1f}/s: "
        "add partitions"
    )


def too_few_replicas_allowed(observation: Observation, work: Demand, params: PolicySettings) -> str | None:
    """The maximum is below what arrives, though partitions would allow more."""
    most = params.max_replicas * work.replica_rate
    if work.arrival_rate <= most or params.max_replicas >= observation.partitions:
        return None
    return (
        f"{work.arrival_rate:.1f}/s arrive, {params.max_replicas} replicas finish {most:.1f}/s: "
        "raise max_replicas"
    )


def batch_too_long(observation: Observation, work: Demand, params: PolicySettings) -> str | None:
    """A record may have to wait for one full batch and be part of the next."""
    if work.batch_s <= params.slo_s / 2:
        return None
    return (
        f"a batch of {params.max_batch} takes {work.batch_s:.1f} s, slo_s is {params.slo_s:g} s: "
        "make max_batch smaller"
    )


def no_place_to_run(observation: Observation, work: Demand, params: PolicySettings) -> str | None:
    """What is wanted is more than the nodes hold."""
    waiting = observation.unschedulable
    if not waiting:
        return None
    return f"{waiting} of {observation.replicas} replicas find no node: add nodes, or lower max_replicas"


WARNINGS = (
    cold_start_too_long,
    too_few_partitions,
    too_few_replicas_allowed,
    batch_too_long,
    no_place_to_run,
)
