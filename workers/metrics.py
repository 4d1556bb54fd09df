"""
What a worker counts, for whoever asks.

Counting is plain arithmetic, since it happens for every frame. Prometheus's library is
imported only once somebody asks (exposition.py): its import takes 0.02 s of CPU time,
and a cold start has none to give away.
"""

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping

from frames.outcome import DeadReason, Detected, ExpiredReason, Kind, Outcome

AGE_BOUNDS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
BATCH_BOUNDS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)
BATCH_BOUNDS_FRAMES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
ENDS: tuple[tuple[str, str], ...] = (
    (Kind.DETECTED, ""),
    *((Kind.EXPIRED, reason) for reason in ExpiredReason),
    *((Kind.DEAD, reason) for reason in DeadReason),
)
"""Every outcome with its reason: all are shown from the start, so that a rate can be asked of the first."""


class Histogram:
    """
    How many values lie at or below each of a row of bounds. Thread-safe.

    >>> histogram = Histogram(1.0, 2.0)
    >>> for value in (0.5, 1.0, 7.0): histogram.observe(value)
    >>> histogram.read()
    ([('1.0', 2), ('2.0', 2), ('+Inf', 3)], 8.5)
    """

    def __init__(self, *bounds: float) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """One more value; one below zero, which only clocks that disagree can produce, counts as zero."""
        value = max(0.0, value)
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """Values at or below each bound, as Prometheus names bounds, and the sum of all values."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        names = [*map(str, self._bounds), "+Inf"]
        return [(name, sum(counts[: place + 1])) for place, name in enumerate(names)], total


class WorkerMetrics:
    """
    A worker's counts and present readings. Any thread may write and read.

    The attributes without a method are set by whoever knows them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames = dict.fromkeys(ENDS, 0)
        self._busy_s: defaultdict[str, float] = defaultdict(float)
        self._retries = 0
        self._zombies = 0
        self.batch_s = Histogram(*BATCH_BOUNDS_S)
        self.batch_frames = Histogram(*BATCH_BOUNDS_FRAMES)
        self.capture_to_result_s = Histogram(*AGE_BOUNDS_S)
        self.append_to_result_s = Histogram(*AGE_BOUNDS_S)
        self.cold_start_s: Mapping[str, float] = {}
        """Seconds by phase (frames.status.PHASES); may grow while it is read."""
        self.model: tuple[str, str] | None = None
        """Name and sha256 of the model; None: not loaded yet."""
        self.breaker_open = False
        """Too many frames die: the worker takes none for now."""
        self.in_flight = 0
        """Records polled and not yet committed."""
        self.queue_bytes = 0
        """Bytes of records without an outcome."""
        self.polled_at: float | None = None
        """Instant the poll loop turned last, seconds since the epoch; None: not yet."""
        self.committed_at: float | None = None
        """Instant of the last commit that Kafka confirmed, seconds since the epoch; None: none yet."""

    def batch(self, frames: int, seconds: float, device: str) -> None:
        """
        A batch of *frames* kept *device* (`cpu`, `cuda:0`) busy.

        Args:
            seconds: In which no other batch of the device was under way that ended earlier.
        """
        self.batch_s.observe(seconds)
        self.batch_frames.observe(frames)
        with self._lock:
            self._busy_s[device] += seconds

    def outcome(self, outcome: Outcome, appended_at: float, now: float) -> None:
        """
        The broker has acknowledged *outcome* at *now*, so that it exists for others.

        Args:
            appended_at: The frame record's timestamp, seconds since the epoch.
        """
        with self._lock:
            self._frames[outcome.kind, "" if isinstance(outcome, Detected) else outcome.reason] += 1
        if isinstance(outcome, Detected):
            self.capture_to_result_s.observe(now - outcome.captured_at)
            self.append_to_result_s.observe(now - appended_at)

    def retried(self) -> None:
        """A frame or a batch is tried once more."""
        with self._lock:
            self._retries += 1

    def zombie(self) -> None:
        """A result was thrown away: another worker owns its partition by now."""
        with self._lock:
            self._zombies += 1

    def read(self) -> tuple[dict[tuple[str, str], int], dict[str, float], int, int]:
        """Frames by (outcome, reason), busy seconds by device, retries, results thrown away."""
        with self._lock:
            return dict(self._frames), dict(self._busy_s), self._retries, self._zombies
