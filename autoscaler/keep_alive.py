"""
How long the last replica stays with nothing to do: a renewal-reward problem over the gaps seen; pure.

A cycle goes from one wake-up to the next. It costs a cold start, what that start makes
late, the drain of what came meanwhile, and idling: all the gaps that were shorter than
tau, and tau of the one that was not. The tau with the least cost per second is the best.
While the cheapest costs as much as never leaving, never leaving is right. And where a
usual cold start makes late, no saving buys one: the setting alone decides.

Sources: renewal-reward theorem; servers with setup times, DelayedOff (Gandhi and Harchol-Balter);
idle histograms: Serverless in the Wild (ATC '20).
"""

from collections.abc import Sequence

import numpy as np

from autoscaler.capacity import Numbers
from autoscaler.demand import Demand
from autoscaler.policy_settings import PolicySettings

ENOUGH_GAPS = 8
"""Gaps until their distribution is believed."""
LATE_STARTS = 0.1
"""Share of the cold starts that take as long as the 90th percentile; the others take the mean."""
BUSIEST = 0.9
"""Largest utilization reckoned with."""


def keep_alive_s(gaps: Sequence[float], work: Demand, params: PolicySettings) -> float:
    """Seconds from the last work until the last replica leaves, at most `keep_alive_s` of the settings."""
    if work.start_s + params.tick_s + work.record_s > params.slo_share * params.slo_s:
        return params.keep_alive_s
    lazy_s = work.patience_s
    price_s = work.start_s + _late_price_s(work, params)
    if len(gaps) < ENOUGH_GAPS:
        return min(max(price_s - lazy_s, 0.0), params.keep_alive_s)
    utilization = min(work.arrival_rate / work.replica_rate, BUSIEST)
    drain_s = (lazy_s + work.start_s) * utilization / (1 - utilization) + work.record_s
    tau, idle_s, off_s = _cycles(np.array(gaps), params)
    cost = price_s + drain_s + idle_s
    share = cost / (work.start_s + drain_s + idle_s + off_s + lazy_s)
    worth_leaving = share.min(initial=1.0) < 1
    return float(tau[share.argmin()]) if worth_leaving else params.keep_alive_s


def _cycles(gaps: Numbers, params: PolicySettings) -> tuple[Numbers, Numbers, Numbers]:
    """Each tau worth a thought, with the seconds of a cycle that are idle and that nobody is there."""
    tau = np.array([0.0, *(np.unique(gaps) + params.tick_s / 2)])
    outlasts = (gaps > tau[:, np.newaxis]).mean(axis=1)
    possible = (tau <= params.keep_alive_s) & (outlasts > 0)
    tau, outlasts = tau[possible], outlasts[possible]
    stays_s = np.minimum(gaps, tau[:, np.newaxis]).mean(axis=1)
    return tau, stays_s / outlasts, (gaps.mean() - stays_s) / outlasts


def _late_price_s(work: Demand, params: PolicySettings) -> float:
    """Seconds of a replica that the records made late by a cold start are worth."""
    left_s = params.slo_s - work.patience_s - params.tick_s - work.record_s
    late = 0.0
    for share, start_s in ((1 - LATE_STARTS, work.start_s), (LATE_STARTS, work.late_start_s)):
        if start_s > left_s:
            late += share * (1 + work.arrival_rate * (start_s - left_s))
    return params.late_price / work.replica_rate * late
