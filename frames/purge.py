"""
Deletes the oldest dead letters: all before a point in each partition, as Kafka can do no other.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from frames.clients import KafkaSettings, admin, reader
from frames.errors import UnavailableError
from frames.records import partitions_of
from frames.topics import TopicSettings


@dataclass(frozen=True, slots=True)
class Oldest:
    """The first records of each partition of a topic."""

    topic: str
    ends: Mapping[int, int]
    """By partition, the first offset that is kept."""
    count: int
    """Records, nearly: the gaps that transactions leave are counted too."""


def records_before(kafka: KafkaSettings, topics: TopicSettings, at: float | None) -> Oldest:
    """
    What stands in the dead-letter topic before the first record of the instant *at*; None: all of it.

    Raises:
        UnavailableError: The broker does not answer, or the topic does not exist.
    """
    with closing(reader(kafka)) as consumer:
        partitions = partitions_of(consumer, [topics.dead])
        begins = consumer.beginning_offsets(partitions)
        ends = consumer.end_offsets(partitions)
        if at is not None:
            kept = consumer.offsets_for_times(dict.fromkeys(partitions, max(0, int(at * 1000))))
            ends |= {place: first.offset for place, first in kept.items() if first is not None}
    count = sum(ends[place] - begins[place] for place in partitions)
    return Oldest(topics.dead, {place.partition: ends[place] for place in partitions}, count)


def purge(kafka: KafkaSettings, oldest: Oldest) -> None:
    """
    Delete them for good.

    Raises:
        UnavailableError: The broker does not answer or does not allow it.
    """
    from kafka import TopicPartition
    from kafka.errors import KafkaError

    with closing(admin(kafka)) as client:
        try:
            client.delete_records({TopicPartition(oldest.topic, p): end for p, end in oldest.ends.items()})
        except KafkaError as error:
            raise UnavailableError(f"dlq purge: the broker does not delete them: {error!r}") from error
