"""
Reads offsets from Kafka: the translation of `backlog.py` and `oldest.py` into requests.

The connections stay open between readings. After a failure they are built anew: the
admin client keeps asking a group coordinator that has moved, and neither client looks
for brokers again once all that it knew are gone (kafka-python 3.0 lacks KIP-899).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autoscaler.backlog import PartitionOffsets
from autoscaler.errors import ObservationError
from autoscaler.oldest import Stamp
from frames.clients import KafkaSettings, admin, reader
from frames.errors import UnavailableError

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, KafkaConsumer

READ_TIMEOUT_S = 1.0
"""How long one request may take: a frozen broker must not keep the loop from stopping in time."""

RETRY_S = 0.05

STARTS_FOR_S = 30.0
"""How long the starts of the logs are believed: after this, a backlog that retention overtook is noticed."""


class OffsetReader:
    """How far a topic and the group that reads it have got. Not thread-safe."""

    def __init__(
        self, kafka: KafkaSettings, topic: str, group_id: str, starts_for_s: float = STARTS_FOR_S
    ) -> None:
        """Connects at the first reading."""
        self._kafka = kafka.model_copy(update={"connect_timeout_s": READ_TIMEOUT_S})
        self._topic = topic
        self._group = group_id
        self._clients: tuple[KafkaConsumer, KafkaAdminClient] | None = None
        self._starts_for_s = starts_for_s
        self._starts: dict[Any, int] = {}
        """Of each partition's log, as read a while ago; none: to be read."""
        self._starts_until = 0.0

    def read(self) -> tuple[PartitionOffsets, ...]:
        """
        The offsets of every partition, in the order of the partitions.

        The starts are asked for only now and then, and whenever the lag follows from one:
        with a thousand partitions that saves a third of the time.

        Raises:
            ObservationError: Kafka does not answer, or has no such topic.
        """
        from kafka import TopicPartition

        with self._reading() as (consumer, admin_client):
            numbers = sorted(consumer.partitions_for_topic(self._topic))
            if not numbers:
                raise ObservationError(f"topics.frames: the broker has no topic {self._topic!r}")
            partitions = [TopicPartition(self._topic, number) for number in numbers]
            # Committed first: a commit between the requests must not look like one beyond the end.
            committed = self._committed(admin_client, partitions)
            if self._starts.keys() == set(partitions) and time.monotonic() < self._starts_until:
                offsets = self._up_to_ends(consumer, partitions, committed)
                if not any(partition.starts_the_lag for partition in offsets):
                    return offsets
            self._starts_until = time.monotonic() + self._starts_for_s
            self._starts = consumer.beginning_offsets(partitions, timeout_ms=READ_TIMEOUT_S * 1000)
            offsets = self._up_to_ends(consumer, partitions, committed)
            if any(partition.starts_the_lag for partition in offsets):
                self._starts = {}  # the next reading cannot do without: no need to find out again
            return offsets

    def first_since(self, instants: Mapping[int, float]) -> Mapping[int, Stamp | None]:
        """
        The first record of each partition that is stamped at or after an instant; see `oldest.Lookup`.

        Raises:
            ObservationError: Kafka does not answer.
        """
        from kafka import TopicPartition

        wanted = {TopicPartition(self._topic, p): int(at * 1000) for p, at in instants.items()}
        with self._reading() as (consumer, _):
            found = consumer.offsets_for_times(wanted, timeout_ms=READ_TIMEOUT_S * 1000)
            return {p.partition: at and Stamp(at.offset, at.timestamp / 1000) for p, at in found.items()}

    def close(self) -> None:
        """Disconnect. May be called again."""
        self._starts = {}
        clients, self._clients = self._clients, None
        if clients is not None:
            consumer, admin_client = clients
            consumer.close(timeout_ms=0)
            admin_client.close()

    def _up_to_ends(
        self, consumer: "KafkaConsumer", partitions: list[Any], committed: Mapping[Any, int | None]
    ) -> tuple[PartitionOffsets, ...]:
        """The end of each log, beside what is known of it."""
        ends = consumer.end_offsets(partitions, timeout_ms=READ_TIMEOUT_S * 1000)
        return tuple(PartitionOffsets(self._starts[p], ends[p], committed[p]) for p in partitions)

    def _committed(self, admin_client: "KafkaAdminClient", partitions: list[Any]) -> dict[Any, int | None]:
        """The group's offsets, None without one; gives a new broker a moment to make room for them."""
        from kafka.errors import (
            CoordinatorLoadInProgressError,
            CoordinatorNotAvailableError,
            NotCoordinatorError,
        )

        not_yet = CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError
        deadline = time.monotonic() + READ_TIMEOUT_S
        while True:
            try:
                found = admin_client.list_group_offsets({self._group: partitions})[self._group]
                return {p: kept.offset if kept.offset >= 0 else None for p, kept in found.items()}
            except not_yet:
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_S)

    @contextmanager
    def _reading(self) -> Iterator[tuple["KafkaConsumer", "KafkaAdminClient"]]:
        """The two clients, connected; any failure of theirs is an ObservationError, and they are given up."""
        from kafka.errors import KafkaError

        try:
            if self._clients is None:
                self._clients = self._connect()
            yield self._clients
        except (KafkaError, UnavailableError) as error:
            self.close()
            if isinstance(error, ObservationError):
                raise
            raise ObservationError(f"kafka: no offsets of {self._topic!r}: {error}") from error

    def _connect(self) -> tuple["KafkaConsumer", "KafkaAdminClient"]:
        timeout_ms = int(READ_TIMEOUT_S * 1000)
        consumer = reader(self._kafka, metadata_max_age_ms=30_000, request_timeout_ms=timeout_ms)
        try:
            return consumer, admin(self._kafka, request_timeout_ms=timeout_ms)
        except BaseException:
            consumer.close(timeout_ms=0)
            raise
