"""
How many replicas must be there already, where a start takes longer than the goal allows; pure.

What surges then is late before anybody can be started for it. So enough replicas are had
beforehand for what the arrivals of a start's length may come to, as widely as they have
scattered lately:

    eff(n) >= (lambda * w + z * sqrt(phi * lambda * w)) / (mu * (w + De)),  w = a late start

phi is the variance of the counts of arrivals over their mean; 1 if they come at random.

Source: square-root staffing (Halfin and Whitt, 1981).
"""

import math
from collections.abc import Sequence

import numpy as np

from autoscaler.capacity import distinct, even
from autoscaler.demand import Demand
from autoscaler.policy_settings import PolicySettings

SAMPLE_S = 15.0
"""How far apart the rates are by which the scatter is told."""
SAMPLES = 60
"""A quarter of an hour."""
RECENT = 8
"""Of them, those that say how much arrives now: two minutes."""
ENOUGH_SAMPLES = 8
"""Samples until their scatter is believed."""
MOST_SCATTERED = 8.0
"""Largest phi reckoned with."""
SURE = 2.5
"""z; this and the numbers above were chosen by looking at traces."""


def least_for_surges(rates: Sequence[float], work: Demand, params: PolicySettings, partitions: int) -> int:
    """
    Replicas to have in reserve; 0 where one can be started in time, and where one is enough.

    Args:
        rates: Arrivals per second over `rate_window_s`, every `SAMPLE_S`, the oldest first.
    """
    if params.slo_s >= work.start_s or not rates:
        return 0
    expected = float(np.mean(rates[-RECENT:])) * work.late_start_s
    surge = expected + SURE * math.sqrt(scatter(rates, params.rate_window_s) * expected)
    wanted = surge / (work.replica_rate * (work.late_start_s + work.usable_s))
    sizes = distinct(partitions, partitions)
    enough = even(np.array(sizes), partitions) >= wanted
    least = sizes[int(enough.argmax())] if enough.any() else partitions
    return least if least > 1 else 0


def scatter(rates: Sequence[float], window_s: float) -> float:
    """
    Variance over mean of the counts of arrivals; from differences, which a slow trend leaves alone.

    Windows longer than `SAMPLE_S` overlap. The difference of two is that of the counts by which
    they do not, which are as long as a sample.

    >>> scatter([2.0, 3.0] * 20, window_s=15.0)
    3.0
    """
    mean = float(np.mean(rates))
    if len(rates) < ENOUGH_SAMPLES or not mean:
        return 1.0
    variance = float(np.mean((np.diff(rates) * window_s) ** 2)) / 2
    return min(max(variance / (mean * min(window_s, SAMPLE_S)), 1.0), MOST_SCATTERED)
