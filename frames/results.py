"""
Reading results: the newest from Redis, at once; every one from Kafka, as they come.
"""

import json
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from typing import Any, TypeVar

from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.event import InvalidEventError, Message
from frames.letter import is_mark
from frames.outcome import Detected, Outcome
from frames.projection import Keys, RedisSettings, connect, place, unranked
from frames.records import partitions_of, read_outcome, read_until
from frames.topics import TopicSettings

log = logging.getLogger(__name__)

T = TypeVar("T")


class Results:
    """
    What the projector keeps in Redis: JSON objects as `frames.projection.describe` makes them.

    Thread-safe. Every method raises UnavailableError when Redis does not answer.

    Raises:
        ConfigError: The address of Redis cannot be used.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._redis: Any = connect(settings)
        self._keys = Keys(settings.key_prefix)

    def latest(self, camera: str) -> dict[str, Any] | None:
        """The newest detections of *camera*; None when there are none (yet, or for a day)."""
        value = self._ask(lambda: self._redis.get(self._keys.newest(camera)))
        return None if value is None else json.loads(unranked(value))

    def by_frame(self, frame_id: str) -> dict[str, Any] | None:
        """The outcome of one frame; None while it is on its way, and after its time to live."""
        value = self._ask(lambda: self._redis.get(self._keys.frame(frame_id)))
        return None if value is None else json.loads(value)

    def cameras(self) -> list[str]:
        """The cameras that have results, the one with the newest first."""
        names = self._ask(lambda: self._redis.zrevrange(self._keys.cameras, 0, -1))
        return [name.decode() for name in names]

    def _ask(self, question: Callable[[], T]) -> T:
        from redis.exceptions import RedisError

        try:
            return question()
        except RedisError as error:
            raise UnavailableError(
                f"redis.url: Redis at {place(self._settings)} does not work: {error}"
            ) from error


def follow(
    kafka: KafkaSettings, topics: TopicSettings, *, from_beginning: bool, stop: threading.Event
) -> Iterator[Outcome]:
    """
    Yield outcomes from Kafka as they come, until *stop*; in order of offset within a partition.

    What is no outcome is left out, with a warning. The first outcomes come after the iterator
    has been asked for one: what ends before that is missed, unless *from_beginning*.

    Raises:
        UnavailableError: The broker does not answer, or the topics do not exist.
    """
    with closing(reader(kafka)) as consumer:
        partitions = partitions_of(consumer, topics.outcomes)
        consumer.assign(partitions)
        if from_beginning:
            consumer.seek_to_beginning(*partitions)
        else:
            for partition, end in consumer.end_offsets(partitions).items():
                consumer.seek(partition, end)
        while not stop.is_set():
            for records in consumer.poll(timeout_ms=200).values():
                yield from _outcomes(topics, records)


def stored(kafka: KafkaSettings, topics: TopicSettings) -> Iterator[Outcome]:
    """
    Yield the outcomes that Kafka holds at this instant, and end; errors as `follow`.
    """
    with closing(reader(kafka)) as consumer:
        partitions = partitions_of(consumer, topics.outcomes)
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        yield from _outcomes(topics, read_until(consumer, ends))


def detections_since(
    kafka: KafkaSettings, topics: Collection[str], since: float
) -> Iterator[tuple[str, Detected]]:
    """
    Yield the results appended to *topics* from the instant *since* on up to now, each with its topic.

    What is no result is left out, with a warning; errors as `follow`.
    """
    with closing(reader(kafka)) as consumer:
        partitions = partitions_of(consumer, topics)
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        starts = consumer.offsets_for_times(dict.fromkeys(partitions, max(int(since * 1000), 0)))
        for partition in partitions:
            start = starts[partition]
            consumer.seek(partition, ends[partition] if start is None else start.offset)
        for record in read_until(consumer, ends):
            try:
                yield record.topic, Detected.read(Message.of(record))
            except InvalidEventError as error:
                log.warning("%s/%s/%s: %s", record.topic, record.partition, record.offset, error)


def _outcomes(topics: TopicSettings, records: Any) -> Iterator[Outcome]:
    for record in records:
        if is_mark(topics, record):
            continue
        try:
            yield read_outcome(topics, record)
        except InvalidEventError as error:
            log.warning("%s/%s/%s: %s", record.topic, record.partition, record.offset, error)
