"""
The newest dead letters, kept in memory without what they hold.

Kafka has no way to send a letter without its picture. So each is read once: the first who asks waits for
the last `MOST` of the topic, and everybody after that for what is new since then.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.event import InvalidEventError, decode_frame
from frames.letter import Letter, is_mark, marked, read_letter
from frames.outcome import RecordId
from frames.records import partitions_of
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

MOST = 2000
"""Records looked at, over all partitions: some hundreds of bytes each in memory."""
READ_S = 5.0
"""How long one look may take; the next goes on where it ended."""
FETCH_BYTES = 8 * 1024 * 1024
"""Of all that one answer holds, beyond the first record."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter."""

    letter: Letter
    """Without its value and its headers."""
    frame_id: str | None
    """None: what died is no frame event."""
    obstacle: str | None
    """Why it cannot be put back; None: it can."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is known of the dead letters."""

    letters: tuple[Kept, ...]
    """The newest first."""
    complete: bool
    """There are no others in the topic."""


class LetterShelf:
    """Any number of threads may look; one at a time reads."""

    def __init__(self, kafka: KafkaSettings, topics: TopicSettings) -> None:
        self._kafka = kafka
        self._topics = topics
        self._reading = threading.Lock()
        self._kept: dict[RecordId, Kept] = {}
        self._redriven: set[RecordId] = set()
        self._positions: dict[TopicPartition, int] = {}
        self._skipped: dict[TopicPartition, int] = {}
        """The first offset that was looked at."""

    def look(self) -> Shelf:
        """
        What stands in the topic now.

        Raises:
            UnavailableError: Kafka does not answer, or the topic does not exist.
        """
        from kafka.errors import KafkaError

        with self._reading:
            try:
                # A mark that is not committed is none.
                with closing(
                    reader(self._kafka, isolation_level="read_committed", fetch_max_bytes=FETCH_BYTES)
                ) as consumer:
                    complete = self._read(consumer)
            except KafkaError as error:
                raise UnavailableError(f"kafka: cannot read {self._topics.dead}: {error!r}") from error
            return Shelf(tuple(sorted(self._told(), key=_appended, reverse=True)), complete)

    def _read(self, consumer: "KafkaConsumer") -> bool:
        partitions = partitions_of(consumer, [self._topics.dead])
        consumer.assign(partitions)
        starts, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        for partition in partitions:
            known = self._positions.get(partition)
            if known is None or not starts[partition] <= known <= ends[partition]:  # new, or made anew
                known = max(starts[partition], ends[partition] - MOST // len(partitions))
                self._skipped[partition] = known
            self._positions[partition] = known
            consumer.seek(partition, known)
        read_all = self._read_until(consumer, ends)
        self._forget(starts)
        return read_all and all(self._skipped[partition] <= starts[partition] for partition in partitions)

    def _read_until(self, consumer: "KafkaConsumer", ends: dict["TopicPartition", int]) -> bool:
        """Whether it was all read in time."""
        late_at = time.monotonic() + READ_S
        while any(self._positions[partition] < end for partition, end in ends.items()):
            if time.monotonic() > late_at:
                return False
            for records in consumer.poll(timeout_ms=200, max_records=100).values():
                for record in records:
                    self._keep(record)
            self._positions = {partition: consumer.position(partition) for partition in ends}
        return True

    def _keep(self, record: "ConsumerRecord") -> None:
        if is_mark(self._topics, record):
            if (place := marked(record)) is not None:
                self._redriven.add(place)
            return
        letter = read_letter(record)
        self._kept[letter.place] = Kept(_without_value(letter), _frame_id(letter), letter.obstacle)

    def _forget(self, starts: dict["TopicPartition", int]) -> None:
        """What retention has deleted, and what is older than the newest `MOST`."""
        first = {(partition.topic, partition.partition): start for partition, start in starts.items()}
        newest = sorted(self._kept, key=lambda place: self._kept[place].letter.at)[-MOST:]
        for place in set(self._kept) - set(newest):
            del self._kept[place]
        for place in [at for at in self._kept if at.offset < first.get((at.topic, at.partition), 0)]:
            del self._kept[place]
        self._redriven &= set(self._kept)

    def _told(self) -> Iterator[Kept]:
        for place, kept in self._kept.items():
            yield replace(kept, letter=replace(kept.letter, redriven=place in self._redriven))


def _appended(kept: Kept) -> tuple[float, RecordId]:
    return kept.letter.at, kept.letter.place


def _without_value(letter: Letter) -> Letter:
    """Nor headers, of which there may be many."""
    message = replace(letter.message, value=b"", headers=())
    dead = letter.dead and replace(letter.dead, original=replace(letter.dead.original, value=b"", headers=()))
    return replace(letter, message=message, dead=dead)


def _frame_id(letter: Letter) -> str | None:
    if letter.dead is None:
        return None
    try:
        return decode_frame(letter.dead.original, letter.at).id
    except InvalidEventError:
        return None
