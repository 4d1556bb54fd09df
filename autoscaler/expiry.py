"""
What of the backlog is still worth serving, where workers drop what is too old; pure.

A record that will have expired before anybody can take it needs no capacity: whoever
comes gives it its outcome in no time, and nobody comes for its sake.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from autoscaler.demand import demand
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings
from autoscaler.starts import expected_s


def unexpired(observation: Observation, params: PolicySettings) -> Observation:
    """
    *observation* without the records that will have expired before a replica can take them.

    Without the ages of what waits none is known to have expired, and all of it counts.
    """
    if params.max_age_s is None or not observation.backlog_ages:
        return observation
    youngest_lost = params.max_age_s - _taken_in_s(observation, params, params.max_age_s)
    kept = tuple((age, count) for age, count in observation.backlog_ages if age < youngest_lost)
    return replace(
        observation,
        lag=_scaled(observation.lag, min(sum(count for _, count in kept), observation.waiting)),
        oldest_age=max((age for age, _ in kept), default=None),
        backlog_ages=kept,
    )


def _taken_in_s(observation: Observation, params: PolicySettings, max_age_s: float) -> float:
    """
    Seconds until a replica can take what waits: there is one, or one starts, or one would be started.

    Where no record can outlast a start, none would ever cause one. There, each counts until
    it has expired: not for its own sake, but for those that will come after it.
    """
    if observation.ready:
        return 0.0
    work = demand(observation, params)
    if observation.starting:
        return min(expected_s(start, work) for start in observation.starting) + work.rebalance_s
    return work.start_s if work.start_s < max_age_s else 0.0


def _scaled(lag: Sequence[int], total: int) -> tuple[int, ...]:
    """
    *lag* by partition, evenly made less until it is *total*: where the expired are is not known.

    >>> _scaled((8, 0, 3, 1), 6)
    (4, 0, 1, 1)
    """
    before, ends = sum(lag), [0]
    for here in lag:
        ends.append(ends[-1] + here)
    scaled = [end * total // before if before else 0 for end in ends]
    return tuple(after - start for start, after in pairwise(scaled))
