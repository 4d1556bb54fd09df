"""
What stands in the topic of dead letters, `frames.dlq`, and which of it was put back.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from frames.clients import KafkaSettings, reader
from frames.letter import Letter, is_mark, marked, read_letter
from frames.outcome import RecordId
from frames.records import partitions_of, read_until
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka.consumer.fetcher import ConsumerRecord


def list_letters(kafka: KafkaSettings, topics: TopicSettings) -> list[Letter]:
    """
    All letters there are now, without their values, the oldest first.

    Raises:
        UnavailableError: The broker does not answer or stops sending, or the topic does not exist.
    """
    letters: dict[RecordId, Letter] = {}
    gone: set[RecordId] = set()
    for record in _records(kafka, topics, None):
        place = marked(record) if is_mark(topics, record) else None
        if place is not None:
            gone.add(place)
        else:
            letter = read_letter(record)
            letters[letter.place] = _without_value(letter)
    found = (replace(letter, redriven=letter.place in gone) for letter in letters.values())
    return sorted(found, key=lambda letter: (letter.at, letter.place))


def read_contents(
    kafka: KafkaSettings, topics: TopicSettings, places: Collection[RecordId]
) -> Iterator[Letter]:
    """
    Yield the letters at *places* with their values, in order of offset within a partition.

    A place that retention has emptied meanwhile is left out. Raises as `list_letters`.
    """
    if not places:
        return
    spans: dict[int, range] = {}
    for place in places:
        known = spans.get(place.partition, range(place.offset, place.offset))
        spans[place.partition] = range(min(known.start, place.offset), max(known.stop, place.offset + 1))
    for record in _records(kafka, topics, spans):
        if RecordId(record.topic, record.partition, record.offset) in places:
            yield read_letter(record)


def _records(
    kafka: KafkaSettings, topics: TopicSettings, spans: Mapping[int, range] | None
) -> Iterator["ConsumerRecord"]:
    """The records of the topic that there are now, or those of *spans* by partition."""
    with closing(reader(kafka, isolation_level="read_committed")) as consumer:  # a mark not committed is none
        partitions = partitions_of(consumer, [topics.dead])
        if spans is not None:
            partitions = [at for at in partitions if at.partition in spans]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        for at in partitions:
            if spans is None:
                consumer.seek_to_beginning(at)
            else:
                consumer.seek(at, spans[at.partition].start)
                ends[at] = min(ends[at], spans[at.partition].stop)
        yield from read_until(consumer, ends)


def _without_value(letter: Letter) -> Letter:
    """*letter* in a few hundred bytes."""
    message = replace(letter.message, value=b"")
    dead = letter.dead and replace(letter.dead, original=replace(letter.dead.original, value=b""))
    return replace(letter, message=message, dead=dead)
