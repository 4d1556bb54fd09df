"""
Follows a small topic: each reading returns what was appended since the one before.

For topics whose whole content matters (worker statuses, decisions), from the first
record that is still there.
"""

import time
from typing import Any

from autoscaler.errors import ObservationError
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError

READ_TIMEOUT_S = 1.0
"""How long a reading may stand still."""


class Follower:
    """A reader that remembers where it is. Not thread-safe."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        """Connects at the first reading, and again after a failure."""
        self._kafka = kafka.model_copy(update={"connect_timeout_s": READ_TIMEOUT_S})
        self._topic = topic
        self._consumer: Any = None
        self._next: dict[Any, int] = {}
        """Offset at which to go on, by partition."""

    def new_records(self) -> list[Any]:
        """
        Every record that is there at the time of the call and was not returned before.

        Raises:
            ObservationError: Kafka does not answer, or has no such topic.
        """
        from kafka.errors import KafkaError

        try:
            if self._consumer is None:
                self._connect()
            return self._read()
        except (KafkaError, UnavailableError) as error:
            self.close()
            raise ObservationError(f"kafka: cannot read {self._topic!r}: {error}") from error

    def close(self) -> None:
        """Disconnect. May be called again."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(timeout_ms=0)

    def _connect(self) -> None:
        from kafka import TopicPartition

        # A broker answers a connection's requests in turn: a standing fetch would delay the next question.
        self._consumer = reader(
            self._kafka, fetch_max_wait_ms=1, request_timeout_ms=int(READ_TIMEOUT_S * 1000)
        )
        partitions = [
            TopicPartition(self._topic, p) for p in self._consumer.partitions_for_topic(self._topic)
        ]
        if not partitions:
            raise ObservationError(f"the broker has no topic {self._topic!r}")
        self._consumer.assign(partitions)
        starts = self._consumer.beginning_offsets(partitions, timeout_ms=READ_TIMEOUT_S * 1000)
        self._next = starts | {p: offset for p, offset in self._next.items() if p in starts}
        for partition, offset in self._next.items():
            self._consumer.seek(partition, offset)

    def _read(self) -> list[Any]:
        ends = self._consumer.end_offsets(list(self._next), timeout_ms=READ_TIMEOUT_S * 1000)
        places, records = self._next, []
        moved_at = time.monotonic()
        while any(places[partition] < end for partition, end in ends.items()):
            polled = self._consumer.poll(timeout_ms=100)
            records += [record for batch in polled.values() for record in batch]
            places = {partition: self._consumer.position(partition) for partition in ends}
            if polled:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > READ_TIMEOUT_S:
                raise ObservationError(f"stands still below the end {ends}")
        self._next = places  # only now: a reading that fails is read again
        return records
