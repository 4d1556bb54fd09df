"""
Reads the end of the journal as it grows: within milliseconds of each entry.

`Follower` asks at each step what is new; a replica that does not decide has no steps, but
must push as soon as the one that does. So a fetch stands at the broker.
"""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from autoscaler import journal
from autoscaler.errors import ObservationError
from autoscaler.journal import Entry
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError

LOOKED_BACK = 1000
"""Records before the end at which to begin: the last entry of each of a handful of targets is among them."""
TIMEOUT_S = 2.0


class Tail:
    """The entries about one target. Not thread-safe."""

    def __init__(self, kafka: KafkaSettings, topic: str, target: str) -> None:
        """Connects at the first reading, and again after a failure."""
        self._kafka = kafka.model_copy(update={"connect_timeout_s": TIMEOUT_S})
        self._topic = topic
        self._key = target.encode()
        self._consumer: Any = None

    def read(self, within_s: float) -> list[Entry]:
        """
        What has been appended, as soon as anything has; oldest first.

        Returns:
            Nothing, if nothing comes within *within_s*, and where all that comes is about others.

        Raises:
            ObservationError: Kafka does not answer, or has no such topic.
        """
        polled = self._asked(lambda: self._consumer.poll(timeout_ms=int(within_s * 1000)))
        records = [record for batch in polled.values() for record in batch]
        records = [record for record in records if record.key == self._key and record.value]
        return [entry for record in records if (entry := _entry(record.value)) is not None]

    def rest(self) -> list[Entry]:
        """
        What there is now and was not read yet, all of it, without waiting for more; oldest first.

        Raises:
            ObservationError: Kafka does not answer, or has no such topic.
        """
        entries = []
        while self._asked(self._is_behind):
            entries += self.read(within_s=0.1)
        return entries

    def close(self) -> None:
        """Disconnect. May be called again."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(timeout_ms=0)

    def _asked(self, question: Callable[[], Any]) -> Any:
        from kafka.errors import KafkaError

        try:
            if self._consumer is None:
                self._connect()
            return question()
        except (KafkaError, UnavailableError) as error:
            self.close()
            raise ObservationError(f"kafka: cannot read {self._topic!r}: {error}") from error

    def _is_behind(self) -> bool:
        places = list(self._consumer.assignment())
        ends = self._consumer.end_offsets(places, timeout_ms=int(TIMEOUT_S * 1000))
        return any(self._consumer.position(place) < end for place, end in ends.items())

    def _connect(self) -> None:
        from kafka import TopicPartition

        self._consumer = reader(self._kafka)
        numbers = self._consumer.partitions_for_topic(self._topic)
        if not numbers:
            raise ObservationError(f"the broker has no topic {self._topic!r}")
        places = [TopicPartition(self._topic, number) for number in numbers]
        self._consumer.assign(places)
        starts = self._consumer.beginning_offsets(places, timeout_ms=int(TIMEOUT_S * 1000))
        ends = self._consumer.end_offsets(places, timeout_ms=int(TIMEOUT_S * 1000))
        for place in places:
            self._consumer.seek(place, max(starts[place], ends[place] - LOOKED_BACK))


def _entry(text: bytes) -> Entry | None:
    try:
        return journal.read(text)
    except ValidationError:
        return None  # another version's; a newer entry will come
