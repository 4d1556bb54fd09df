"""
Reading topics without a consumer group: which partitions there are, and all records up to an offset.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from frames.errors import UnavailableError
from frames.event import InvalidEventError, Message
from frames.outcome import READERS, Outcome
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

SILENCE_S = 30.0
"""A broker that has records and sends none for so long is taken for gone."""


def partitions_of(consumer: "KafkaConsumer", topics: Iterable[str]) -> list["TopicPartition"]:
    """
    All partitions of *topics*, in order.

    Raises:
        UnavailableError: A topic does not exist.
    """
    from kafka import TopicPartition

    found = []
    for topic in topics:
        partitions = consumer.partitions_for_topic(topic)
        if not partitions:
            raise UnavailableError(
                f"topics: {topic} does not exist on the broker; a worker or `detectscale up` creates it"
            )
        found += [TopicPartition(topic, partition) for partition in sorted(partitions)]
    return found


def read_until(consumer: "KafkaConsumer", ends: Mapping["TopicPartition", int]) -> Iterator["ConsumerRecord"]:
    """
    Yield the records of the assigned partitions from their positions up to *ends*, excluded.

    The position decides, not the last record: offsets of transaction markers and compacted
    records are never delivered.

    Raises:
        UnavailableError: The broker stopped sending.
    """
    heard_at = time.monotonic()
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        batches = consumer.poll(timeout_ms=200)
        if batches:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at > SILENCE_S:
            raise UnavailableError(f"the broker has sent nothing for {SILENCE_S:g} s; is it still running?")
        for partition, records in batches.items():
            yield from (record for record in records if record.offset < ends[partition])


def read_outcome(topics: TopicSettings, record: "ConsumerRecord") -> Outcome:
    """
    The outcome in a record of one of the three outcome topics.

    Raises:
        InvalidEventError: It holds something else.
    """
    reader = dict(zip(topics.outcomes, READERS, strict=True)).get(record.topic)
    if reader is None:
        raise InvalidEventError(f"{record.topic} is no topic of outcomes")
    return reader.read(Message.of(record))
