"""
Reads topics as they grow, for everybody who waits in this process: one consumer, one thread.

Not a member of a group: every replica of the gateway needs every record. After an outage of the broker it
goes on where it stood, so that nothing that was waited for is missed.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Generic, TypeVar

from frames.backoff import delay_s
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.records import partitions_of

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

log = logging.getLogger(__name__)

T = TypeVar("T")

POLL_MS = 200
SILENT_S = 15.0
"""Without one turn of its loop for so long, a reader counts as stuck."""
METADATA_MS = 30_000
"""How old a picture of the partitions may be; more of them are soon found."""


class TopicReader(Generic[T]):
    """
    Delivers what *topics* hold to an event loop.

    Args:
        before_s: It begins with what was appended so long before it starts.
        read: What a record says, told on the reader's thread; None: nothing.
        deliver: Called in *loop* with what has come, in order within a partition.
        rng: Spreads the attempts to come back to a broker that is away.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: Sequence[str],
        before_s: float,
        read: Callable[["ConsumerRecord"], T | None],
        deliver: Callable[[Sequence[T]], None],
        loop: asyncio.AbstractEventLoop,
        rng: random.Random,
    ) -> None:
        self._kafka = kafka
        self._topics = topics
        self._before_s = before_s
        self._read = read
        self._deliver = deliver
        self._loop = loop
        self._rng = rng
        self._stop = threading.Event()
        self._positions: dict[TopicPartition, int] = {}
        self._turned_at: float | None = None
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"reads {topics[0]}", daemon=True)

    def start(self) -> None:
        """Read from now on, and what came shortly before."""
        self._thread.start()

    @property
    def reading(self) -> bool:
        """Whether it stands in the topics, and moves."""
        return self._turned_at is not None and time.monotonic() - self._turned_at < SILENT_S

    def stop(self) -> None:
        """End the thread, within a poll or two."""
        self._stop.set()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        from kafka.errors import KafkaError

        while not self._stop.is_set():
            try:
                with closing(reader(self._kafka, metadata_max_age_ms=METADATA_MS)) as consumer:
                    self._follow(consumer)
            except (KafkaError, UnavailableError) as error:
                if not self._failures:
                    log.warning(
                        "gateway: reading %s: %s; trying until it is back", ", ".join(self._topics), error
                    )
                self._turned_at = None
                self._stop.wait(delay_s(self._failures, self._rng))
                self._failures += 1

    def _follow(self, consumer: "KafkaConsumer") -> None:
        """Read until told to stop, or until there are more partitions."""
        partitions = partitions_of(consumer, self._topics)
        consumer.assign(partitions)
        if self._positions:  # a partition without one is new: all that is in it came while we were reading
            self._positions = {partition: self._positions.get(partition, 0) for partition in partitions}
        else:
            self._positions = _from(consumer, partitions, time.time() - self._before_s)
        for partition, position in self._positions.items():
            consumer.seek(partition, position)
        checked_at = time.monotonic()
        while not self._stop.is_set():
            batches = consumer.poll(timeout_ms=POLL_MS)
            self._turned_at = time.monotonic()
            self._failures = 0
            news = [
                found
                for records in batches.values()
                for record in records
                if (found := self._read(record)) is not None
            ]
            if news and not self._stop.is_set():
                self._loop.call_soon_threadsafe(self._deliver, news)
            self._positions = {partition: consumer.position(partition) for partition in partitions}
            if self._turned_at - checked_at > METADATA_MS / 1000:
                checked_at = self._turned_at
                if partitions_of(consumer, self._topics) != partitions:
                    return


def _from(
    consumer: "KafkaConsumer", partitions: Sequence["TopicPartition"], instant: float
) -> dict["TopicPartition", int]:
    """The first offsets appended at or after *instant*, seconds since the epoch; else the ends."""
    ends = consumer.end_offsets(partitions)  # before: what comes between the two calls is to be read
    found = consumer.offsets_for_times(dict.fromkeys(partitions, int(instant * 1000)))
    return {at: ends[at] if found[at] is None else found[at].offset for at in partitions}
