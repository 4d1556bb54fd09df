"""
The last readings of an offset per partition, such as the end of the log; two give a rate.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RING = 600
"""Readings kept: five minutes of half seconds."""
LEAST_SPAN_S = 0.4
"""Readings that are closer together say nothing of a rate: the first tenth of a second of a burst."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The offset of each partition at one instant."""

    at: float
    offsets: npt.NDArray[np.int64]


class OffsetRing:
    """Readings of offsets that only ever grow."""

    def __init__(self) -> None:
        self._ring: deque[Reading] = deque(maxlen=RING)

    def add(self, at: float, offsets: Sequence[int]) -> None:
        """Keep one more reading, later than those before. A topic that was changed underneath starts anew."""
        reading = Reading(at, np.array(offsets))
        if self._ring and not _grew(self._ring[-1], reading):
            self._ring.clear()
        self._ring.append(reading)

    def clear(self) -> None:
        """Forget what was read: the next reading is not comparable."""
        self._ring.clear()

    def rate(self, window_s: float) -> float | None:
        """Records per second over the last *window_s* seconds; None: readings in it span too little."""
        if not self._ring:
            return None
        last = self._ring[-1]
        first = next(reading for reading in self._ring if reading.at >= last.at - window_s)
        if last.at - first.at < LEAST_SPAN_S:
            return None
        return int((last.offsets - first.offsets).sum()) / (last.at - first.at)


def _grew(before: Reading, after: Reading) -> bool:
    same_partitions = before.offsets.shape == after.offsets.shape
    return same_partitions and bool((before.offsets <= after.offsets).all())
