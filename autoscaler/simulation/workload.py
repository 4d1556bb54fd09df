"""
What is simulated: a trace, and the workers and cluster that it meets.
"""

import math
from dataclasses import dataclass

from autoscaler.observation import ServiceTime
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.columns import Numbers
from frames.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Workload:
    """A trace with everything that a scaler cannot choose."""

    arrivals: Numbers
    """Instants of append, seconds since the first one; ascending."""
    slo_s: float
    """How old a record may be when its result is committed."""
    service: ServiceTime
    """Mean seconds of a batch."""
    max_batch: int
    cv: float
    """Coefficient of variation of the time that a batch takes."""
    partitions: int
    cold_start: ColdStartLaw
    """C: from the birth of a worker until it joins its group."""
    rebalance_s: float
    """R: for which no batch may begin after the group's membership changed."""
    min_replicas: int
    max_replicas: int
    max_age_s: float | None = None
    """Age at which workers drop a record unseen; None: they drop none."""
    starts_report: bool = True
    """
    Whether a starting worker reports its progress.

    It does so once its container is up, which is `silent_s` of the law after its birth; what
    is left then shows within a status period and with an error. Before, only its age is known.
    """

    def __post_init__(self) -> None:
        """Raises ConfigError, as all of this comes from a command line or a file."""
        a, c, least, most = (
            self.service.fixed_s,
            self.service.per_record_s,
            self.min_replicas,
            self.max_replicas,
        )
        oldest = math.inf if self.max_age_s is None else self.max_age_s
        for name, value, holds, rule in (
            ("slo", self.slo_s, 0 < self.slo_s < math.inf, "above 0 s"),
            ("overhead", a, 0 <= a < math.inf, "0 s or longer"),
            ("per frame", c, 0 <= c < math.inf, "0 s or longer"),
            ("service time of one frame", a + c, a + c > 0, "above 0 s"),
            ("max age", oldest, oldest > 0, "above 0 s"),
            ("max batch", self.max_batch, self.max_batch >= 1, "at least 1"),
            ("cv", self.cv, 0 <= self.cv < math.inf, "at least 0"),
            ("partitions", self.partitions, self.partitions >= 1, "at least 1"),
            ("rebalance", self.rebalance_s, 0 <= self.rebalance_s < math.inf, "0 s or longer"),
            ("min", least, least >= 0, "at least 0"),
            ("max", most, most >= max(least, 1), f"at least 1 and min, which is {least}"),
        ):
            if not holds:
                raise ConfigError(f"{name}: must be {rule}, got {value:g}")

    @property
    def worker_rate(self) -> float:
        """mu: records per second that one worker finishes in full batches."""
        return self.service.throughput(self.max_batch)

    @property
    def most_workers(self) -> int:
        """Further ones are not allowed, or would have no partition."""
        return min(self.max_replicas, self.partitions)
