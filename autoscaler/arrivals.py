"""
When records arrived, from a ring of readings of the end offsets, without reading one.

Two readings give a rate. The pair of readings between which an offset came into
being brackets the instant of its append.
"""

from collections import deque
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Reading:
    """The end offset of each partition at one instant."""

    at: float
    ends: tuple[int, ...]


class Arrivals:
    """The last readings of the end offsets."""

    def __init__(self) -> None:
        self._ring: deque[Reading] = deque(maxlen=RING)

    def add(self, at: float, ends: tuple[int, ...]) -> None:
        """Keep one more reading, later than those before. A topic that was changed underneath starts anew."""
        if self._ring and not _grew(self._ring[-1].ends, ends):
            self._ring.clear()
        self._ring.append(Reading(at, ends))

    def rate(self, window_s: float) -> float | None:
        """Records per second over the last *window_s* seconds; None with fewer than two readings in them."""
        last = self._ring[-1]
        first = next(reading for reading in self._ring if reading.at >= last.at - window_s)
        if first.at == last.at:
            return None
        return (sum(last.ends) - sum(first.ends)) / (last.at - first.at)

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


def _grew(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    return len(before) == len(after) and all(b <= a for b, a in zip(before, after, strict=True))
