"""
What the workers' reports teach: how long a batch and a cold start take; pure.

Only workers with the newest worker's model count, as another model is another speed.
Those that have left still do: that is how anything is known at zero replicas.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from autoscaler.observation import ColdStart, ServiceTime
from frames.status import PHASES, BatchSums, WorkerStatus

REMEMBERED = 200
"""Workers from which is learned, the youngest."""


def relevant(statuses: Iterable[WorkerStatus]) -> list[WorkerStatus]:
    """The workers to learn from, youngest first."""
    youngest = sorted(statuses, key=lambda status: status.born_at, reverse=True)
    return [status for status in youngest if status.model == youngest[0].model][:REMEMBERED]


def service_time(statuses: Iterable[WorkerStatus]) -> ServiceTime | None:
    """Fit s(b) = a + c*b to every finished batch; None without one."""
    sums = [status.batches for status in statuses]
    return fit(
        BatchSums(
            sum(s.count for s in sums),
            sum(s.frames for s in sums),
            sum(s.seconds for s in sums),
            sum(s.frames_squared for s in sums),
            sum(s.frames_seconds for s in sums),
        )
    )


def fit(sums: BatchSums) -> ServiceTime | None:
    """
    Least squares of seconds on batch size; through the origin where a line would be nonsense.

    That is where all batches had one size, and where noise makes a slope or intercept negative.

    >>> fit(BatchSums().plus(1, 0.75).plus(4, 1.5))
    ServiceTime(fixed_s=0.5, per_record_s=0.25)
    >>> fit(BatchSums().plus(4, 0.5).plus(4, 0.5))
    ServiceTime(fixed_s=0.0, per_record_s=0.125)
    """
    n, b, s, bb, bs = sums.count, sums.frames, sums.seconds, sums.frames_squared, sums.frames_seconds
    if bs <= 0:
        return None
    spread = n * bb - b * b
    slope = (n * bs - b * s) / spread if spread else 0.0
    intercept = (s - slope * b) / n
    if slope <= 0 or intercept < 0:
        return ServiceTime(0.0, bs / bb)
    return ServiceTime(intercept, slope)


Phases = Mapping[str, float]


def cold_start(
    statuses: Sequence[WorkerStatus],
    beforehand: Mapping[str, Phases] | None = None,
    usual: Phases | None = None,
) -> ColdStart | None:
    """
    What the finished cold starts took, in all and by phase; None without one.

    Args:
        beforehand: By worker, the phases before its process, all of them, where there are any.
        usual: The mean of these as others knew it; for workers of which nobody knows any more.
    """
    finished = [status for status in statuses if all(phase in status.phases_s for phase in PHASES)]
    if not finished:
        return None
    beforehand = beforehand or {}
    known = [beforehand[status.worker] for status in finished if status.worker in beforehand]
    before = {phase: fmean(phases[phase] for phases in known) for phase in known[0]} if known else usual or {}
    starts = [
        {**beforehand.get(status.worker, before), **{phase: status.phases_s[phase] for phase in PHASES}}
        for status in finished
    ]
    by_phase = {phase: [phases[phase] for phases in starts] for phase in starts[0]}
    totals = [sum(starts) for starts in zip(*by_phase.values(), strict=True)]
    return ColdStart(
        mean_s=fmean(totals),
        p90_s=p90(totals),
        phases_s={phase: fmean(seconds) for phase, seconds in by_phase.items()},
        count=len(totals),
        phases_p90_s={phase: p90(seconds) for phase, seconds in by_phase.items()},
    )


def p90(values: Sequence[float]) -> float:
    """
    The 90th percentile by nearest rank.

    >>> p90([3.0, 1.0, 2.0])
    3.0
    """
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]
