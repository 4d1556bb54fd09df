"""
When records arrived, from a ring of readings of the end offsets, without reading one.

The pair of readings between which an offset came into being brackets the instant of
its append. What is older than the ring is found by asking Kafka (`oldest.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autoscaler.offset_ring import OffsetRing


@dataclass(frozen=True, slots=True)
class Bracket:
    """An instant known to lie within bounds."""

    after: float
    by: float

    @property
    def width(self) -> float:
        """Seconds of doubt."""
        return self.by - self.after


class Arrivals(OffsetRing):
    """The last readings of the end offsets."""

    def ages(self, next_offsets: Sequence[int]) -> tuple[tuple[float, int], ...] | None:
        """
        (age, records) of all that waits as of the last reading, youngest first; in doubt the older age.

        Args:
            next_offsets: The first offset that waits, of each partition.

        Returns:
            None where something that waits was there before the first reading.
        """
        first_waiting, last = np.array(next_offsets), self._ring[-1]
        ages: list[tuple[float, int]] = []
        younger = None
        for reading in reversed(self._ring):
            waiting = int(np.maximum(reading.offsets - first_waiting, 0).sum())
            if younger is not None and younger > waiting:
                ages.append((last.at - reading.at, younger - waiting))
            if waiting == 0:
                return tuple(ages)
            younger = waiting
        return None

    def appended(self, partition: int, offset: int) -> Bracket:
        """
        Bounds of the instant at which *offset*, which is below the last reading's end, was appended.

        `after` is 0 where the record was there before the first reading.
        """
        after = 0.0
        for reading in self._ring:
            if reading.offsets[partition] > offset:
                return Bracket(after, reading.at)
            after = reading.at
        raise ValueError(f"offset {offset} of partition {partition} has not been appended yet")
