"""
What a worker says of itself on the compacted topic `workers.status`.

The autoscaler learns from it how long a frame and a cold start take, without ever
talking to a worker: the two meet in Kafka.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from frames.codec import from_json, to_json
from frames.event import Message


class WorkerState(StrEnum):
    """Where a worker is in its life."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"


PHASES = ("interpreter", "import", "fetch", "load", "warm_up", "join")
"""
The steps of a cold start: process start → Python runs → libraries → the model's file is here →
it is loaded → first inference → group.
"""


@dataclass(frozen=True, slots=True)
class BatchSums:
    """
    Sums over the batches a worker has finished, from which s(b) = a + c*b can be regressed.

    Least squares over n points (b, s) needs only these five sums, and sums of two
    workers add up.

    >>> sums = BatchSums().plus(1, 0.15).plus(4, 0.30)
    >>> sums.count, sums.frames
    (2, 5)
    """

    count: int = 0
    frames: int = 0
    seconds: float = 0.0
    frames_squared: int = 0
    frames_seconds: float = 0.0

    def plus(self, frames: int, seconds: float) -> "BatchSums":
        """The sums with one more batch of *frames* that took *seconds* of the worker's time."""
        return BatchSums(
            self.count + 1,
            self.frames + frames,
            self.seconds + seconds,
            self.frames_squared + frames * frames,
            self.frames_seconds + frames * seconds,
        )


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker's report."""

    worker: str
    at: float
    """Instant of the report, seconds since the epoch."""
    state: WorkerState
    born_at: float
    """Instant its process started, seconds since the epoch."""
    phases_s: Mapping[str, float]
    """Seconds of each cold-start phase finished so far, keys of PHASES."""
    in_flight: int
    """Frames polled and not yet committed."""
    idle_since: float | None
    """Since when it has had nothing to do, seconds since the epoch; None: it is busy or still starting."""
    partitions: tuple[int, ...]
    batches: BatchSums
    model: str
    """Digest of the model it runs; empty while that is not known."""
    progress: float | None = None
    """While starting: the share, 0 to 1, of the phase that it is in; None: it cannot tell."""

    def message(self) -> Message:
        """As a record of the compacted topic: the key is the worker's id."""
        return Message(self.worker.encode(), to_json(self), [])

    @classmethod
    def read(cls, message: Message) -> Self:
        """Raises InvalidEventError when *message* is not a worker's status."""
        return from_json(cls, message.value)
