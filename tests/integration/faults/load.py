"""A steady stream of frames, and which of them the broker has acknowledged."""

import threading
import time
from collections.abc import Sequence

from frames.clients import KafkaSettings
from frames.event import Frame
from frames.outcome import RecordId
from frames.publisher import Publisher, PublisherSettings
from frames.sources import captured
from frames.topics import TopicSettings

CAMERAS = 16
"""Keys enough that each of a few partitions gets some."""


class Load:
    """
    Offers *rate* frames a second, from its making until it is stopped: open loop, so that an outage
    slows nothing down and is followed by its backlog.
    """

    def __init__(
        self, kafka: KafkaSettings, topics: TopicSettings, images: Sequence[bytes], rate: float
    ) -> None:
        self._images = images
        self._rate = rate
        self._publisher = Publisher(kafka, topics, PublisherSettings(), on_acknowledged=self._acknowledged)
        self._stop = threading.Event()
        self._sequence = 0
        self.appended_at: dict[RecordId, float] = {}
        """Instant of append of each acknowledged record, seconds since the epoch, by the broker's clock."""
        self.frame_ids: dict[RecordId, str] = {}
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Offer no more, and wait until what was offered is acknowledged or failed."""
        self._stop.set()
        self._thread.join()
        self._publisher.close(timeout_s=40)

    @property
    def rate(self) -> float:
        return self._rate

    def _acknowledged(self, frame: Frame, record: RecordId, appended_at: float) -> None:
        self.frame_ids[record] = frame.id
        self.appended_at[record] = appended_at

    def _run(self) -> None:
        started_at = time.monotonic()
        while not self._stop.wait(max(0.0, started_at + self._sequence / self._rate - time.monotonic())):
            n = self._sequence
            image = self._images[n % len(self._images)]
            self._publisher.offer(captured(f"camera-{n % CAMERAS}", image, time.time(), n))
            self._sequence += 1
