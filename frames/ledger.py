"""
The oracle: does every record of `frames` have an outcome, and how many have two?

It reads Kafka and nothing else, so that no worker can flatter it. A record is an offset between
the beginning and the end of a partition of `frames`. That counts too many where offsets have gaps
(transaction markers, compaction): nobody writes `frames` in transactions here, and the topic is not
compacted. It counts too few where retention has removed records already: pass `since`, taken before
the run, and what retention took without an outcome is counted as lost.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from frames.clients import KafkaSettings, reader
from frames.event import InvalidEventError
from frames.outcome import Kind, Outcome, RecordId
from frames.records import partitions_of, read_outcome, read_until
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer


@dataclass(frozen=True, slots=True)
class Ledger:
    """Records against outcomes: records = detected + expired + dead_lettered + lost."""

    records: int
    ends: Mapping[RecordId, Kind] = field(repr=False)
    """How each record ended, by its first outcome."""
    lost: tuple[RecordId, ...] = field(repr=False)
    """Records without an outcome, in order; while a run goes on, those under way."""
    duplicates: int
    """Second and further outcomes of a record."""
    unreadable: int
    """Records of the outcome topics that are no outcomes; whose they were cannot be told."""

    @property
    def detected(self) -> int:
        return self._ended(Kind.DETECTED)

    @property
    def expired(self) -> int:
        return self._ended(Kind.EXPIRED)

    @property
    def dead_lettered(self) -> int:
        return self._ended(Kind.DEAD)

    @property
    def balanced(self) -> bool:
        """Nothing is lost. Duplicates are no loss: a test sets its own bound on them."""
        return not self.lost

    def _ended(self, kind: Kind) -> int:
        return Counter(self.ends.values())[kind]


def frame_offsets(kafka: KafkaSettings, topics: TopicSettings) -> dict[int, int]:
    """
    The next offset of each partition of `frames`: what to pass as `since` after a run.

    Raises:
        UnavailableError: The broker does not answer, or the topic does not exist.
    """
    with closing(reader(kafka)) as consumer:
        return {
            at.partition: end
            for at, end in consumer.end_offsets(partitions_of(consumer, [topics.frames])).items()
        }


def read_ledger(
    kafka: KafkaSettings,
    topics: TopicSettings,
    since: Mapping[int, int] | None = None,
    on_outcome: Callable[[Outcome, float], None] = lambda outcome, appended_at: None,
) -> Ledger:
    """
    Balance the records of `frames` against their outcomes.

    The end of `frames` is read first: whatever was appended later belongs to the next reading.

    Args:
        since: First offset to count by partition; a partition not named counts from its
            beginning. None: everything the broker still holds.
        on_outcome: Called with the first outcome of each record and the instant it was appended
            (seconds since the epoch), in no particular order, so that results can be compared
            without holding them all.

    Raises:
        UnavailableError: The broker does not answer or stops sending, or a topic does not exist.
    """
    with closing(reader(kafka)) as consumer:
        records = _frame_records(consumer, topics, since or {})
        ends: dict[RecordId, Kind] = {}
        duplicates = unreadable = 0
        for outcome, appended_at in _outcomes(consumer, topics):
            if outcome is None:
                unreadable += 1
            elif outcome.record in ends:
                duplicates += 1
            elif outcome.record.offset in records.get(outcome.record.partition, ()) and (
                outcome.record.topic == topics.frames
            ):
                ends[outcome.record] = outcome.kind
                on_outcome(outcome, appended_at)
    ids = [
        RecordId(topics.frames, partition, offset) for partition in records for offset in records[partition]
    ]
    return Ledger(
        len(ids), ends, tuple(record for record in ids if record not in ends), duplicates, unreadable
    )


def _frame_records(
    consumer: "KafkaConsumer", topics: TopicSettings, since: Mapping[int, int]
) -> dict[int, range]:
    """The offsets to be accounted for, by partition of `frames`."""
    partitions = partitions_of(consumer, [topics.frames])
    ends = consumer.end_offsets(partitions)
    begins = consumer.beginning_offsets(partitions)
    return {at.partition: range(since.get(at.partition, begins[at]), ends[at]) for at in partitions}


def _outcomes(consumer: "KafkaConsumer", topics: TopicSettings) -> Iterator[tuple[Outcome | None, float]]:
    """All outcomes there are now, None for a record that is none, and when each was appended."""
    partitions = partitions_of(consumer, topics.outcomes)
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    for record in read_until(consumer, ends):
        try:
            yield read_outcome(topics, record), record.timestamp / 1000
        except InvalidEventError:
            yield None, record.timestamp / 1000
