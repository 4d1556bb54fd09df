"""
The camera's part: each frame of the day is offered to the publisher at its instant.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from detectscale.demo.reel import Shot
from frames.clients import KafkaSettings
from frames.event import Frame
from frames.outcome import RecordId
from frames.publisher import Publisher, PublisherCounts, PublisherSettings
from frames.sources import captured
from frames.topics import TopicSettings


@dataclass(frozen=True, slots=True)
class Appended:
    """A frame that the broker has acknowledged."""

    shot: int
    """Which one of the reel."""
    at: float
    """Instant of append, seconds since the epoch."""


class Player:
    """Plays a reel by a schedule on a thread of its own."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: TopicSettings,
        settings: PublisherSettings,
        reel: Sequence[Shot],
        schedule: Sequence[float],
    ) -> None:
        """
        Args:
            reel: Starts again after its end.
            schedule: Instants of the frames, seconds from the start.
        """
        self._reel = reel
        self._schedule = schedule
        self._stop = threading.Event()
        self.appended: dict[RecordId, Appended] = {}
        """Every acknowledged frame; only grows."""
        self._publisher = Publisher(kafka, topics, settings, on_acknowledged=self._acknowledged)
        self._thread = threading.Thread(target=self._play, name="player", daemon=True)
        self.started_at = time.time()
        """Instant of the first frame, seconds since the epoch."""

    @property
    def counts(self) -> PublisherCounts:
        """What became of the frames offered so far."""
        return self._publisher.counts

    @property
    def playing(self) -> bool:
        """Frames are still to come."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin the day."""
        self.started_at = time.time()
        self._thread.start()

    def close(self) -> PublisherCounts:
        """Stop the day, if it is not over, and wait for what is on its way."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        return self._publisher.close(timeout_s=30)

    def _play(self) -> None:
        start = time.monotonic()
        for sequence, instant in enumerate(self._schedule):
            if self._stop.wait(max(0.0, start + instant - time.monotonic())):
                return
            shot = self._reel[sequence % len(self._reel)]
            self._publisher.offer(captured(shot.camera, shot.image, time.time(), sequence))

    def _acknowledged(self, frame: Frame, record: RecordId, at: float) -> None:
        self.appended[record] = Appended(int(frame.sequence or 0) % len(self._reel), at)
