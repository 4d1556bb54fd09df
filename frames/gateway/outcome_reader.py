"""
Reads the outcome topics as they grow, for everybody who waits in this process: one consumer, one thread.

Not a member of a group: every replica of the gateway needs every outcome. After an outage of the broker it
goes on where it stood; nothing that was waited for is missed, and what is older stands in Redis.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from frames.backoff import delay_s
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.gateway.arrival import Arrival, arrival
from frames.records import partitions_of
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition

log = logging.getLogger(__name__)

POLL_MS = 200
BEFORE_S = 30.0
"""It begins so long before it starts: with what Redis may not hold yet."""
SILENT_S = 15.0
"""Without one turn of its loop for so long, the reader counts as stuck."""
METADATA_MS = 30_000
"""How old a picture of the partitions may be; more of them are soon found."""


class OutcomeReader:
    """
    Delivers outcomes to an event loop.

    Args:
        deliver: Called in *loop* with what has come.
        rng: Spreads the attempts to come back to a broker that is away.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: TopicSettings,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[[Sequence[Arrival]], None],
        rng: random.Random,
    ) -> None:
        self._kafka = kafka
        self._topics = topics
        self._loop = loop
        self._deliver = deliver
        self._rng = rng
        self._stop = threading.Event()
        self._positions: dict[TopicPartition, int] = {}
        self._turned_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="outcomes", daemon=True)

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

        failures = 0
        while not self._stop.is_set():
            try:
                with closing(reader(self._kafka, metadata_max_age_ms=METADATA_MS)) as consumer:
                    self._follow(consumer)
            except (KafkaError, UnavailableError) as error:
                if not failures:
                    log.warning("gateway: outcomes: %s; trying until it is back", error)
                self._turned_at = None
                self._stop.wait(delay_s(failures, self._rng))
                failures += 1
            else:
                failures = 0

    def _follow(self, consumer: "KafkaConsumer") -> None:
        """Read until told to stop, or until there are more partitions."""
        partitions = partitions_of(consumer, self._topics.outcomes)
        consumer.assign(partitions)
        if self._positions:  # a partition without one is new: all that is in it came while we were reading
            self._positions = {partition: self._positions.get(partition, 0) for partition in partitions}
        else:
            self._positions = _from(consumer, partitions, time.time() - BEFORE_S)
        for partition, position in self._positions.items():
            consumer.seek(partition, position)
        checked_at = time.monotonic()
        while not self._stop.is_set():
            batches = consumer.poll(timeout_ms=POLL_MS)
            self._turned_at = time.monotonic()
            arrivals = [
                found
                for records in batches.values()
                for record in records
                if (found := arrival(self._topics, record)) is not None
            ]
            if arrivals and not self._stop.is_set():
                self._loop.call_soon_threadsafe(self._deliver, arrivals)
            self._positions = {partition: consumer.position(partition) for partition in partitions}
            if self._turned_at - checked_at > METADATA_MS / 1000:
                checked_at = self._turned_at
                if partitions_of(consumer, self._topics.outcomes) != partitions:
                    return


def _from(
    consumer: "KafkaConsumer", partitions: Sequence["TopicPartition"], instant: float
) -> dict["TopicPartition", int]:
    """The first offsets appended at or after *instant*, seconds since the epoch; else the ends."""
    found = consumer.offsets_for_times(dict.fromkeys(partitions, int(instant * 1000)))
    ends = consumer.end_offsets(partitions)
    return {at: ends[at] if found[at] is None else found[at].offset for at in partitions}
