"""
What became of each camera's frames.

Every picture that a camera takes ends as exactly one outcome: captured = the sum over all
outcomes + those that wait or are under way.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum


class Outcome(StrEnum):
    """How a captured picture ends on its way into Kafka."""

    SENT = "sent"
    """Acknowledged by the broker."""
    STILL = "still"
    """Held back by the motion gate."""
    DROPPED_OLDEST = "dropped_oldest"
    """The network did not take it in time, and newer ones needed its place."""
    FAILED = "failed"
    """Handed to the Kafka client, and not acknowledged in time; a few may have arrived all the same."""
    TOO_LARGE = "too_large"
    NOT_AN_IMAGE = "not_an_image"
    NOT_BLURRED = "not_blurred"
    """Its faces could not be blurred."""


class Tally:
    """The counts of one camera; they outlive a change of its settings. Any thread may write and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: Counter[Outcome] = Counter()
        self._captured = 0
        self._gap_s = 0.0
        self.captured_at: float | None = None
        """Instant of the last picture, seconds since the epoch; None: there was none yet."""

    @property
    def captured(self) -> int:
        """Pictures taken and looked at."""
        return self._captured

    @property
    def gap_s(self) -> float:
        """Seconds that the camera was away, all times together that have ended."""
        return self._gap_s

    @property
    def ends(self) -> Mapping[Outcome, int]:
        """Pictures by how they ended: all outcomes, zeros too."""
        with self._lock:
            return {outcome: self._ends[outcome] for outcome in Outcome}

    @property
    def under_way(self) -> int:
        """Pictures that have not ended yet."""
        with self._lock:
            return self._captured - self._ends.total()

    def capture(self, at: float) -> None:
        """A picture was taken at *at*."""
        with self._lock:
            self._captured += 1
            self.captured_at = at

    def end(self, outcome: Outcome) -> None:
        """One ended."""
        with self._lock:
            self._ends[outcome] += 1

    def gap(self, seconds: float) -> None:
        """The camera is back after *seconds*."""
        with self._lock:
            self._gap_s += seconds

    def __str__(self) -> str:
        ends = self.ends
        others = [f"{count} {outcome.replace('_', ' ')}" for outcome, count in ends.items() if count]
        return ", ".join(others) or "no frames"
