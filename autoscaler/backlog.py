"""
What waits in a topic, from three offsets per partition; pure.

The awkward cases are decided here, once: a group that never committed, a topic
created anew under its old name, and a backlog that retention overtook. An
unclamped `end - committed` is negative in the second case, which keeps a scaler at
0 for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from autoscaler.observation import OffsetAnomaly


@dataclass(frozen=True, slots=True)
class PartitionOffsets:
    """Where one partition's log starts and ends, and how far the group has got."""

    start: int
    """Offset of the first record that is still there."""
    end: int
    """Offset that the next record will get."""
    committed: int | None
    """Offset of the first record that the group has not finished; None: it never committed."""

    @property
    def anomaly(self) -> OffsetAnomaly | None:
        """What is odd about the committed offset, if anything."""
        if self.committed is None:
            return OffsetAnomaly.NO_COMMIT if self.end > self.start else None
        if self.committed > self.end:
            return OffsetAnomaly.COMMIT_BEYOND_END
        if self.committed < self.start:
            return OffsetAnomaly.COMMIT_BEFORE_START
        return None

    @property
    def starts_the_lag(self) -> bool:
        """
        Whether `start` decides the lag, so that one read a while ago does not do.

        Elsewhere it only bounds a commit that lies within the log. An empty log that
        never held a record needs none, or a sparse topic would be asked about for ever.
        """
        if self.committed is None:
            return (self.start, self.end) != (0, 0)
        return self.anomaly is not None

    @property
    def next(self) -> int:
        """Offset of the first record that waits, or the end if none does."""
        if self.committed is None or self.anomaly is not None:
            return self.start
        return self.committed

    @property
    def lag(self) -> int:
        """Records that wait; at least 0."""
        return self.end - self.next


def anomalies(partitions: Sequence[PartitionOffsets]) -> tuple[OffsetAnomaly, ...]:
    """Each kind of anomaly among *partitions*, once, in alphabetical order."""
    return tuple(sorted({p.anomaly for p in partitions if p.anomaly is not None}))
