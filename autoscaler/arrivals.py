"""
When records arrived, from a ring of readings of the end offsets, without reading one.

Two readings give a rate. The pair of readings between which an offset came into
being brackets the instant of its append.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RING = 600
"""Readings kept: five minutes of half seconds. What is older is found by asking Kafka (`oldest.py`)."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """An instant known to lie within bounds."""

    after: float
    by: float

    @property
    def width(self) -> float:
        """Seconds of doubt."""
        return self.by - self.after


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The end offset of each partition at one instant."""

    at: float
    ends: npt.NDArray[np.int64]


class Arrivals:
    """The last readings of the end offsets."""

    def __init__(self) -> None:
        self._ring: deque[Reading] = deque(maxlen=RING)

    def add(self, at: float, ends: tuple[int, ...]) -> None:
        """Keep one more reading, later than those before. A topic that was changed underneath starts anew."""
        reading = Reading(at, np.array(ends))
        if self._ring and not _grew(self._ring[-1], reading):
            self._ring.clear()
        self._ring.append(reading)

    def rate(self, window_s: float) -> float | None:
        """Records per second over the last *window_s* seconds; None with fewer than two readings in them."""
        last = self._ring[-1]
        first = next(reading for reading in self._ring if reading.at >= last.at - window_s)
        if first.at == last.at:
            return None
        return int((last.ends - first.ends).sum()) / (last.at - first.at)

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
            waiting = int(np.maximum(reading.ends - first_waiting, 0).sum())
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
            if reading.ends[partition] > offset:
                return Bracket(after, reading.at)
            after = reading.at
        raise ValueError(f"offset {offset} of partition {partition} has not been appended yet")


def _grew(before: Reading, after: Reading) -> bool:
    return before.ends.shape == after.ends.shape and bool((before.ends <= after.ends).all())
