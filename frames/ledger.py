"""
The oracle: does every record of `frames` have an outcome, and how many have two?

It reads Kafka and nothing else, so that no worker can flatter it. A record is an offset between
the beginning and the end of a partition of `frames`. Transactions use up offsets too: a redrive leaves
gaps, in `frames` as in the dead letters. So where the dead letters have any, it is looked whether there
is a record behind each missing outcome. The ledger counts too few where retention has removed records
already: pass a `mark`, taken before the run, and what retention took without an outcome is counted as lost.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from frames.clients import KafkaSettings, reader
from frames.event import InvalidEventError
from frames.letter import is_mark
from frames.outcome import Kind, Outcome, RecordId
from frames.records import partitions_of, read_outcome, read_until
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition


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


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the topics ended at an instant: the next offset of each partition."""

    frames: Mapping[int, int]
    outcomes: Mapping["TopicPartition", int]
    """Outcomes of later frames stand from here on."""


def mark(kafka: KafkaSettings, topics: TopicSettings) -> Mark:
    """
    Where a run begins: what to pass as `since` after it.

    Raises:
        UnavailableError: The broker does not answer, or a topic does not exist.
    """
    with closing(reader(kafka)) as consumer:
        outcomes = consumer.end_offsets(partitions_of(consumer, topics.outcomes))
        frames = consumer.end_offsets(partitions_of(consumer, [topics.frames]))
    return Mark({at.partition: end for at, end in frames.items()}, outcomes)


def read_ledger(
    kafka: KafkaSettings,
    topics: TopicSettings,
    since: Mark | None = None,
    on_outcome: Callable[[Outcome, float], None] = lambda outcome, appended_at: None,
) -> Ledger:
    """
    Balance the records of `frames` against their outcomes.

    The end of `frames` is read first: whatever was appended later belongs to the next reading.

    Args:
        since: Where it begins; what is not in it counts from its beginning. None: everything the
            broker still holds.
        on_outcome: Called with the first outcome of each record and the instant it was appended
            (seconds since the epoch), in no particular order, so that results can be compared
            without holding them all.

    Raises:
        UnavailableError: The broker does not answer or stops sending, or a topic does not exist.
    """
    with closing(reader(kafka)) as consumer:
        began = since or Mark({}, {})
        records = {
            at.partition: range(began.frames.get(at.partition, span.start), span.stop)
            for at, span in _spans(consumer, [topics.frames]).items()
        }
        ends: dict[RecordId, Kind] = {}
        duplicates = unreadable = 0
        outcomes = {
            at: range(max(began.outcomes.get(at, 0), span.start), span.stop)
            for at, span in _spans(consumer, topics.outcomes).items()
        }
        gaps = sum(len(span) for at, span in outcomes.items() if at.topic == topics.dead)
        consumer.assign(list(outcomes))
        for at, span in outcomes.items():
            consumer.seek(at, span.start)
        for record in read_until(consumer, {at: span.stop for at, span in outcomes.items()}):
            gaps -= record.topic == topics.dead
            if is_mark(topics, record):
                continue
            try:
                outcome = read_outcome(topics, record)
            except InvalidEventError:
                unreadable += 1
                continue
            if outcome.record in ends:
                duplicates += 1
            elif outcome.record.offset in records.get(outcome.record.partition, ()) and (
                outcome.record.topic == topics.frames
            ):
                ends[outcome.record] = outcome.kind
                on_outcome(outcome, record.timestamp / 1000)
        lost = tuple(
            identity
            for partition, offsets in records.items()
            for offset in offsets
            if (identity := RecordId(topics.frames, partition, offset)) not in ends
        )
        if gaps and lost:
            lost = _existing(consumer, lost)
    return Ledger(len(ends) + len(lost), ends, lost, duplicates, unreadable)


def _spans(consumer: "KafkaConsumer", topics: Iterable[str]) -> dict["TopicPartition", range]:
    """The offsets in use at this instant, by partition."""
    partitions = partitions_of(consumer, topics)
    ends = consumer.end_offsets(partitions)
    begins = consumer.beginning_offsets(partitions)
    return {at: range(begins[at], ends[at]) for at in partitions}


def _existing(consumer: "KafkaConsumer", missing: Sequence[RecordId]) -> tuple[RecordId, ...]:
    """Those of *missing* that are records, or may have been before retention took them."""
    from kafka import TopicPartition

    spans: dict[TopicPartition, list[int]] = {}
    for record in missing:
        spans.setdefault(TopicPartition(record.topic, record.partition), []).append(record.offset)
    begins = consumer.beginning_offsets(list(spans))
    held = {at: [n for n in offsets if n >= begins[at]] for at, offsets in spans.items()}
    held = {at: offsets for at, offsets in held.items() if offsets}
    consumer.assign(list(held))
    for at, offsets in held.items():
        consumer.seek(at, offsets[0])
    found = {
        RecordId(record.topic, record.partition, record.offset)
        for record in read_until(consumer, {at: offsets[-1] + 1 for at, offsets in held.items()})
    }
    begins = consumer.beginning_offsets(list(spans))  # retention may have gone on meanwhile
    return tuple(
        record
        for record in missing
        if record in found or record.offset < begins[TopicPartition(record.topic, record.partition)]
    )
