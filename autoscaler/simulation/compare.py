"""
Scalers side by side on one workload, over several seeds, beside what nobody can beat.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from autoscaler.simulation.bound import bound
from autoscaler.simulation.candidates import CANDIDATES, Candidate
from autoscaler.simulation.figures import Figures, figures, mean
from autoscaler.simulation.run import Scaler, run
from autoscaler.simulation.workload import Workload

ENOUGH = 0.99
"""Share on time that a choice in hindsight must keep."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to make."""

    workload: Workload
    scaler: Scaler
    seed: int


Mapping = Callable[[Callable[[Job], Figures], Sequence[Job]], Iterable[Figures]]
"""As the built-in `map`, perhaps on several cores."""


@dataclass(frozen=True, slots=True)
class Row:
    """How one scaler did, in the mean over the seeds."""

    policy: str
    candidate: Candidate
    """The best in hindsight, where the name stands for several."""
    figures: Figures
    worst_attainment: float
    """Of the worst seed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    bound_gpu_seconds: float
    """inf: not even all replicas meet every deadline."""
    rows: tuple[Row, ...]

    def times_bound(self, row: Row) -> float:
        """Cost as a multiple of the bound; inf where there is none."""
        bounded = math.isfinite(self.bound_gpu_seconds)
        return row.figures.gpu_seconds / self.bound_gpu_seconds if bounded else math.inf


def compare(workload: Workload, policies: Sequence[str], seeds: int, mapping: Mapping = map) -> Comparison:
    """Run each of *policies*, names in `CANDIDATES`, with seeds 0, 1, ...; return a row for each."""
    contest = [(name, candidate) for name in policies for candidate in CANDIDATES[name](workload)]
    jobs = [Job(workload, candidate.scaler, seed) for _, candidate in contest for seed in range(seeds)]
    done = iter(list(mapping(play, jobs)))
    rows = [_row(name, candidate, [next(done) for _ in range(seeds)]) for name, candidate in contest]
    return Comparison(
        bound(workload),
        tuple(min((row for row in rows if row.policy == name), key=_in_hindsight) for name in policies),
    )


def play(job: Job) -> Figures:
    """Make one run."""
    return figures(run(job.workload, job.scaler, job.seed), job.workload.slo_s)


def _row(name: str, candidate: Candidate, each: list[Figures]) -> Row:
    return Row(name, candidate, mean(each), min(figures.attainment for figures in each))


def _in_hindsight(row: Row) -> tuple[bool, float]:
    """Sorts first the cheapest that is on time enough; without one, the one that is on time most."""
    enough = row.figures.attainment >= ENOUGH
    return not enough, row.figures.gpu_seconds if enough else -row.figures.attainment
