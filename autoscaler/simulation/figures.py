"""
What a run cost and how good it was, in numbers and over time; pure.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from autoscaler.simulation.columns import Numbers
from autoscaler.simulation.run import Run


@dataclass(frozen=True, slots=True)
class Figures:
    """Cost and quality, which are never quoted alone."""

    gpu_seconds: float
    """Sum over the workers of the time from creation to end, cold starts included."""
    attainment: float
    """Share of the records that were done within the goal."""
    p50_s: float
    """Median time from append to commit; inf: not even half were ever done."""
    p99_s: float
    cold_starts: float
    max_replicas: float
    """Most workers at a time, those told to leave not counted."""


def figures(run: Run, slo_s: float) -> Figures:
    """Sum up *run* by the goal *slo_s*."""
    latency = run.done_at - run.arrivals
    p50, p99 = np.quantile(latency, (0.5, 0.99), method="inverted_cdf")
    return Figures(
        gpu_seconds=float((run.gone_at - run.created_at).sum()),
        attainment=float((latency <= slo_s).mean()),
        p50_s=float(p50),
        p99_s=float(p99),
        cold_starts=run.cold_starts,
        max_replicas=float(replicas(run, run.created_at).max(initial=0)),
    )


def mean(each: Sequence[Figures]) -> Figures:
    """Figure by figure."""
    return Figures(*np.mean([astuple(figures) for figures in each], axis=0).tolist())


def replicas(run: Run, at: Numbers) -> Numbers:
    """Workers that were there and not told to leave, at each of the instants *at*."""
    return _until(run.created_at, at) - _until(np.sort(run.left_at), at)


def backlog(run: Run, at: Numbers) -> Numbers:
    """Records that had arrived and were not done, at each of the instants *at*."""
    return _until(run.arrivals, at) - _until(np.sort(run.done_at), at)


def oldest_age(run: Run, at: Numbers) -> Numbers:
    """Age of the oldest record that was not done, at each of the instants *at*; 0 where there was none."""
    all_done_by = np.maximum.accumulate(run.done_at)
    first_open = _until(all_done_by, at).astype(int)
    arrived_at = np.append(run.arrivals, np.inf)[first_open]
    ages: Numbers = np.maximum(at - arrived_at, 0.0)
    return ages


def _until(ascending: Numbers, at: Numbers) -> Numbers:
    return np.searchsorted(ascending, at, side="right").astype(float)
