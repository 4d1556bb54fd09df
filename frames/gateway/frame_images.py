"""
The picture of a frame, while Kafka, or the storage of large frames, still has it.

One record is read by its place. A consumer is kept for the next one, as connecting takes longer than
reading; a fetch is small, as Kafka sends one batch of records at least and all that fits otherwise.
"""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frames.claim_check import ClaimCheckError, ClaimChecks
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.event import Frame, InvalidEventError, Message, decode_frame
from frames.image import ImageError, read_header
from frames.outcome import RecordId
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer

READ_S = 4.0
FETCH_BYTES = 1024
KEPT_CONSUMERS = 2


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that a worker would take."""

    content_type: str
    """By its bytes."""
    image: bytes


class FrameImages:
    """Any number of threads may use it."""

    def __init__(self, kafka: KafkaSettings, topics: TopicSettings, claim_checks: ClaimChecks) -> None:
        self._kafka = kafka
        self._topic = topics.frames
        self._claim_checks = claim_checks
        self._idle: deque[KafkaConsumer] = deque()

    def picture(self, place: RecordId, frame_id: str, camera: str) -> Picture | None:
        """
        The picture of the frame at *place*; None: it is gone, or another frame stands there.

        Args:
            camera: As Kafka knows it.

        Raises:
            UnavailableError: Kafka or the storage does not answer.
        """
        if place.topic != self._topic:
            return None
        frame = self._frame(place)
        if frame is None or (frame.id, frame.camera) != (frame_id, camera):
            return None
        try:
            image = self._claim_checks.open(frame)
            return Picture(read_header(image).content_type, image)
        except (ClaimCheckError, ImageError):
            return None

    def close(self) -> None:
        """Disconnect."""
        while self._idle:
            self._idle.pop().close(timeout_ms=0)

    def _frame(self, place: RecordId) -> Frame | None:
        from kafka.errors import KafkaError

        try:
            record = self._read(self._consumer(), place)
        except KafkaError as error:
            raise UnavailableError(f"kafka: cannot read {place}: {error!r}") from error
        if record is None:
            return None
        try:
            return decode_frame(Message.of(record), record.timestamp / 1000)
        except InvalidEventError:
            return None

    def _consumer(self) -> "KafkaConsumer":
        try:
            return self._idle.pop()
        except IndexError:
            return reader(self._kafka, max_partition_fetch_bytes=FETCH_BYTES, max_poll_records=1)

    def _read(self, consumer: "KafkaConsumer", place: RecordId) -> Any:
        """The record there; None: there is none (any more). A consumer that fails is not kept."""
        kept = False
        try:
            record = _at(consumer, place)
            kept = len(self._idle) < KEPT_CONSUMERS
        finally:
            if kept:
                self._idle.append(consumer)
            else:
                consumer.close(timeout_ms=0)
        return record


def _at(consumer: "KafkaConsumer", place: RecordId) -> Any:
    from kafka import TopicPartition

    partition = TopicPartition(place.topic, place.partition)
    consumer.assign([partition])
    try:
        # To ask for what is deleted would be answered with nothing, as by a broker that is away.
        if place.offset < consumer.beginning_offsets([partition], timeout_ms=READ_S * 1000)[partition]:
            return None
        consumer.seek(partition, place.offset)
        records = consumer.poll(timeout_ms=int(READ_S * 1000)).get(partition)
        if not records:
            raise UnavailableError(f"kafka: {place} was not sent within {READ_S:g} s")
        return records[0] if records[0].offset == place.offset else None
    finally:
        consumer.unsubscribe()
