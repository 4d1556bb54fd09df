"""
Keeps Redis in step with the outcome topics, as one process that can be killed at any instant.

Its Kafka offsets stand in Redis and move in the same transaction as the data. So nothing is
counted as read that was not written, and a flushed Redis starts again from the beginning by
itself. The offsets are also watched: of two projectors (during an update) one writes each
batch, and the other notices and goes on from there.
"""

import logging
import random
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from frames.backoff import delay_s
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.event import InvalidEventError
from frames.letter import is_mark
from frames.outcome import Detected, Outcome
from frames.projection import (
    Keys,
    RedisSettings,
    connect,
    describe,
    frame_id,
    instant_of,
    packed,
    place,
    ranked,
)
from frames.records import partitions_of, read_outcome
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

log = logging.getLogger(__name__)

POLL_S = 0.5
GATHER_S = 0.1
"""Between two batches: each costs broker and Redis requests, however small it is."""
BATCH_RECORDS = 500

Offsets = Mapping[str, int]
"""Next offset to read by `topic/partition`; a partition never read is missing."""


class Projector:
    """
    Projects outcomes from Kafka into Redis until told to stop.

    Args:
        rng: Spreads the attempts to come back to what is away.

    Raises:
        ConfigError: The address of Redis cannot be used.
    """

    def __init__(
        self, kafka: KafkaSettings, topics: TopicSettings, settings: RedisSettings, rng: random.Random
    ) -> None:
        self._kafka = kafka
        self._topics = topics
        self._settings = settings
        self._rng = rng
        self._redis: Any = connect(settings)  # its types cannot tell text from bytes
        self._keys = Keys(settings.key_prefix)
        self._failures = 0
        self.projected = 0
        """Outcomes written since the start, repeated ones too."""
        self.skipped = 0
        """Records of the outcome topics that are no outcomes."""

    def run(self, stop: threading.Event) -> None:
        """Project until *stop*; while Kafka or Redis is away, say so once and try again."""
        from kafka.errors import KafkaError
        from redis.exceptions import RedisError, WatchError

        while not stop.is_set():
            try:
                with closing(reader(self._kafka, metadata_max_age_ms=30_000)) as consumer:
                    self._follow(consumer, stop)
            except (WatchError, _OvertakenError):
                log.info("projector: the offsets in Redis have changed; going on from there")
            except (KafkaError, RedisError, UnavailableError) as error:
                if not self._failures:
                    log.warning("projector: %s; trying until it is back", self._told(error))
                stop.wait(delay_s(self._failures, self._rng))
                self._failures += 1

    def rebuild(self) -> None:
        """
        Forget everything in Redis; a running projector writes it again from the beginning.

        The offsets go last: a projector that writes meanwhile notices only then.

        Raises:
            UnavailableError: Redis does not answer.
        """
        from redis.exceptions import RedisError

        try:
            for key in self._redis.scan_iter(f"{self._settings.key_prefix}*", count=1000):
                if key != self._keys.offsets.encode():
                    self._redis.unlink(key)
            self._redis.unlink(self._keys.offsets)
        except RedisError as error:
            raise UnavailableError(self._told(error)) from error

    def _follow(self, consumer: "KafkaConsumer", stop: threading.Event) -> None:
        """Project from where Redis stands, until *stop* or until a partition is added."""
        partitions = partitions_of(consumer, self._topics.outcomes)
        offsets = self._read_offsets(self._redis.hgetall(self._keys.offsets))
        seek(consumer, partitions, offsets)
        while not stop.is_set() and partitions_of(consumer, self._topics.outcomes) == partitions:
            batches = consumer.poll(timeout_ms=int(POLL_S * 1000), max_records=BATCH_RECORDS)
            offsets = self._write(batches, offsets)
            stop.wait(GATHER_S)
            if self._failures:
                log.info("projector: is back")
                self._failures = 0

    def _write(self, batches: Mapping["TopicPartition", list["ConsumerRecord"]], offsets: Offsets) -> Offsets:
        """Write one batch and the offsets behind it in one transaction; an empty one only checks them."""
        outcomes = self._read(record for records in batches.values() for record in records)
        results = newest_results(outcomes)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.watch(self._keys.offsets)
            if self._read_offsets(pipe.hgetall(self._keys.offsets)) != offsets:
                raise _OvertakenError
            if not batches:
                return offsets
            known = self._known(pipe, results)
            pipe.multi()
            for outcome in outcomes:
                self._write_frame(pipe, outcome)
            for result in results.values():
                self._write_newest(pipe, result, known[result.camera])
            offsets = {**offsets, **{name(at): records[-1].offset + 1 for at, records in batches.items()}}
            pipe.hset(self._keys.offsets, mapping=dict(offsets))
            pipe.execute()
        self.projected += len(outcomes)
        return offsets

    def _read(self, records: Iterable["ConsumerRecord"]) -> list[Outcome]:
        outcomes = []
        for record in records:
            if is_mark(self._topics, record):
                continue
            try:
                outcomes.append(read_outcome(self._topics, record))
            except InvalidEventError as error:
                if not self.skipped:
                    log.warning(
                        "projector: skipping what is no outcome, first in %s: %s", record.topic, error
                    )
                self.skipped += 1
        return outcomes

    def _known(self, pipe: Any, results: Mapping[str, Detected]) -> Mapping[str, bytes]:
        """What Redis holds as the newest of the cameras in *results*; empty when it holds nothing."""
        values = pipe.mget([self._keys.newest(camera) for camera in results]) if results else []
        return {camera: value or b"" for camera, value in zip(results, values, strict=True)}

    def _write_frame(self, pipe: Any, outcome: Outcome) -> None:
        identity = frame_id(outcome)
        if identity is not None:
            value = packed(describe(outcome) | {"frame_id": identity}, self._settings.max_value_bytes)
            pipe.set(self._keys.frame(identity), value, exat=int(outcome.at + self._settings.frame_ttl_s) + 1)

    def _write_newest(self, pipe: Any, result: Detected, known: bytes) -> None:
        value = ranked(result, packed(describe(result), self._settings.max_value_bytes))
        if value <= known:
            return
        instant = instant_of(result)
        pipe.set(self._keys.newest(result.camera), value, exat=int(instant + self._settings.camera_ttl_s) + 1)
        pipe.zadd(self._keys.cameras, {result.camera: instant})
        pipe.zremrangebyscore(self._keys.cameras, "-inf", instant - self._settings.camera_ttl_s)
        pipe.zremrangebyrank(self._keys.cameras, 0, -1 - self._settings.max_cameras)

    def _told(self, error: Exception) -> str:
        """One line about what is away; Redis' own errors do not say which Redis."""
        from redis.exceptions import RedisError

        if isinstance(error, RedisError):
            return f"redis.url: Redis at {place(self._settings)} does not work: {error}"
        return str(error)

    @staticmethod
    def _read_offsets(stored: Mapping[bytes, bytes]) -> Offsets:
        return {partition.decode(): int(offset) for partition, offset in stored.items()}


class _OvertakenError(Exception):
    """The offsets in Redis are not those written here: flushed, rebuilt, or moved by another projector."""


def newest_results(outcomes: Iterable[Outcome]) -> dict[str, Detected]:
    """The newest result of each camera among *outcomes*."""
    results: dict[str, Detected] = {}
    for outcome in outcomes:
        if isinstance(outcome, Detected):
            known = results.setdefault(outcome.camera, outcome)
            results[outcome.camera] = max(known, outcome, key=lambda result: ranked(result, b""))
    return results


def name(partition: "TopicPartition") -> str:
    """How a partition is called in the offsets."""
    return f"{partition.topic}/{partition.partition}"


def seek(consumer: "KafkaConsumer", partitions: list["TopicPartition"], offsets: Offsets) -> None:
    """Assign *partitions* and place each at its offset, or at its beginning."""
    consumer.assign(partitions)
    for partition in partitions:
        if name(partition) in offsets:
            consumer.seek(partition, offsets[name(partition)])
        else:
            consumer.seek_to_beginning(partition)
