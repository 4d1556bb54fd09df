"""
Cold starts under way: how long each still takes, and which is given up first; pure.

A replica says how far its start has got once it runs, and before that its pod does, so
that the rest can be told; else only its age is known.
"""

from collections.abc import Iterable

from autoscaler.demand import SURPRISE, Demand
from autoscaler.observation import Start

SLOW_START = 0.15
"""A replica whose start takes longer than usual is expected to need this share of its age again (a guess)."""


def latest_s(start: Start, work: Demand) -> float:
    """
    Seconds after which *start* is over, all but surely: what is usual, or sooner if it says so.

    A report only brings a start forward, and with a reserve. To plan with each as it says
    was tried: it leaves no slack for arrivals that surge meanwhile, and makes more late than it spares.
    """
    usual_s = work.late_start_s - work.rebalance_s
    latest_s = max(usual_s - start.age_s, SLOW_START * start.age_s)
    return latest_s if start.left_s is None else min(start.left_s + SURPRISE * usual_s, latest_s)


def expected_s(start: Start, work: Demand) -> float:
    """Seconds after which *start* is over, in the mean."""
    if start.left_s is not None:
        return start.left_s
    return max(work.start_s - work.rebalance_s - start.age_s, 0.0)


def as_given_up(starts: Iterable[Start]) -> list[Start]:
    """
    Sort *starts* as a ReplicaSet gives them up, first the one that goes first.

    Pods that do not run yet, the newest first; then by deletion cost, for which the fleet
    takes the negated seconds left.

    >>> [start.age_s for start in as_given_up([Start(30.0, 3.0), Start(20.0, 9.0), Start(8.0), Start(1.0)])]
    [1.0, 8.0, 20.0, 30.0]
    """
    return sorted(starts, key=lambda start: (start.left_s is not None, -(start.left_s or 0.0), start.age_s))
