"""
One figure for each policy over many scenarios: its mean cost, and where it was latest.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from autoscaler.simulation.compare import Comparison


@dataclass(frozen=True, slots=True)
class Overall:
    """How one policy did over all scenarios. The two are never quoted alone."""

    times_bound: float
    """Mean over the scenarios that have a bound; nan: none has."""
    attainment: float
    """Of the scenario, in the mean of its seeds, that was on time least."""
    worst_attainment: float
    """Of the worst seed of any."""

    def __str__(self) -> str:
        return (
            f"{self.times_bound:.3f} x bound, at least {self.attainment:.2%} on time "
            f"(worst seed {self.worst_attainment:.2%})"
        )

    def as_json(self) -> dict[str, float | None]:
        """JSON has no nan."""
        known = math.isfinite(self.times_bound)
        return {
            "times_bound": self.times_bound if known else None,
            "attainment": self.attainment,
            "worst_attainment": self.worst_attainment,
        }


def overall(comparisons: Iterable[Comparison]) -> dict[str, Overall]:
    """Sum up *comparisons*, which are all of the same policies, by policy."""
    played = defaultdict(list)
    for comparison in comparisons:
        for row in comparison.rows:
            played[row.policy].append((row, comparison.times_bound(row)))
    return {
        policy: Overall(
            times_bound=_mean([times for _, times in rows if math.isfinite(times)]),
            attainment=min(row.figures.attainment for row, _ in rows),
            worst_attainment=min(row.worst_attainment for row, _ in rows),
        )
        for policy, rows in played.items()
    }


def _mean(numbers: list[float]) -> float:
    return fmean(numbers) if numbers else math.nan
