"""
Everything the scaling policy may look at, as one frozen value.

A driver that needs an `if` inside the policy lacks a field here. An unknown is
`None` or an `ObservationError`, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class OffsetAnomaly(StrEnum):
    """What is odd about a partition's committed offset; its lag allows for it."""

    NO_COMMIT = "no-commit"
    """A new group, or one whose offsets expired. Lag from the first record."""
    COMMIT_BEYOND_END = "commit-beyond-end"
    """The topic was created anew. Everything in it waits."""
    COMMIT_BEFORE_START = "commit-before-start"
    """Retention deleted records that nobody had served. Lag from the first record left."""


@dataclass(frozen=True, slots=True)
class ServiceTime:
    """
    How long one replica works on a batch of b records: s(b) = a + c*b.

    >>> ServiceTime(fixed_s=0.5, per_record_s=0.5).throughput(8)
    1.7777777777777777
    """

    fixed_s: float
    """a: seconds per batch, whatever its size; at least 0."""
    per_record_s: float
    """c: seconds per record; positive."""

    def seconds(self, batch: int) -> float:
        """How long a batch of *batch* records takes."""
        return self.fixed_s + self.per_record_s * batch

    def throughput(self, batch: int) -> float:
        """Records per second that one replica finishes in full batches of *batch*."""
        return batch / self.seconds(batch)


@dataclass(frozen=True, slots=True)
class ColdStart:
    """How long it takes from the birth of a worker until it takes records."""

    mean_s: float
    p90_s: float
    phases_s: Mapping[str, float]
    """Mean seconds of each phase, in the order in which they happen."""
    count: int = 1
    """Cold starts that this was learned from."""
    phases_p90_s: Mapping[str, float] = field(default_factory=dict)
    """90th percentile of each phase; empty: not known."""


@dataclass(frozen=True, slots=True)
class Start:
    """A cold start under way."""

    age_s: float
    """Since the birth of the replica."""
    left_s: float | None = None
    """Until it will take records, as far as the stage and progress that it reports tell; None: unknown."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything the policy may look at, and nothing else."""

    at: float
    """Instant of the reading: seconds on the driver's clock."""
    lag: tuple[int, ...]
    """Records appended but not committed, so also those in flight; one entry per partition, at least 0."""
    arrival_rate: float | None
    """Records per second appended lately; None: two readings were not yet made."""
    oldest_age: float | None
    """Seconds since the oldest record that is not committed was appended; None: nothing waits."""
    ready: int
    """Replicas that take records."""
    starting: tuple[Start, ...]
    """Replicas that do not take records yet, oldest first."""
    draining: int
    """Replicas that finish what they have and leave."""
    in_flight: int
    """Records that workers hold: polled, not committed."""
    idle_for: float | None
    """Seconds for which no ready replica has had anything to do; None: one has, or there is none."""
    service_time: ServiceTime | None
    """As learned from finished batches; None: none is known."""
    cold_start: ColdStart | None
    """As learned from finished cold starts; None: none is known."""
    anomalies: tuple[OffsetAnomaly, ...] = ()
    """Each kind met in some partition, once."""
    backlog_ages: tuple[tuple[float, int], ...] | None = None
    """(seconds since append, records) of all that waits; None: at most the oldest's age is known."""
    rebalance_s: float | None = None
    """Seconds for which nobody takes records after a replica came or went; None: not measured."""
    served_rate: float | None = None
    """Records per second committed lately; None: two readings were not yet made."""
    committed: int | None = None
    """Offsets committed, summed up over the partitions, so that two readings tell how many records were
    served; None: one of them is odd."""
    unschedulable: int = 0
    """Replicas, of those that start, for which there is no place to run."""

    @property
    def partitions(self) -> int:
        """Partitions of the topic; more replicas than this cannot all have work."""
        return len(self.lag)

    @property
    def waiting(self) -> int:
        """Records not committed, over all partitions."""
        return sum(self.lag)

    @property
    def replicas(self) -> int:
        """Replicas that work or will."""
        return self.ready + len(self.starting)
