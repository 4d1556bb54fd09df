"""
The three ends a frame record can come to: detected, expired or dead.

Every record of `frames` ends as exactly one of them. A record's identity is its
place in Kafka (topic, partition, offset), which each outcome carries, so that the
ledger is a subtraction: records - outcomes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, FiniteFloat, NonNegativeInt

from frames.codec import from_fields, from_json, to_json
from frames.event import (
    LAST_INSTANT,
    MAX_ATTRIBUTE_CHARACTERS,
    Frame,
    InvalidEventError,
    Message,
    instant,
    read_event,
    read_instant,
    to_message,
)

DETECTIONS_TYPE = "detectscale.detections.v1"
EXPIRED_TYPE = "detectscale.expired.v1"

Instant = Annotated[float, Field(ge=0, lt=LAST_INSTANT, allow_inf_nan=False)]
"""Seconds since the epoch."""
Name = Annotated[str, Field(max_length=MAX_ATTRIBUTE_CHARACTERS)]
Box = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
"""x1, y1, x2, y2 in pixels of the original image: 0 <= x1 < x2 <= width."""


@dataclass(frozen=True, slots=True, order=True)
class RecordId:
    """Where a frame record stands in Kafka: its identity in the ledger."""

    topic: Name
    partition: NonNegativeInt
    offset: NonNegativeInt

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Kind(StrEnum):
    """How a frame ended."""

    DETECTED = "detected"
    EXPIRED = "expired"
    DEAD = "dead"


class ExpiredReason(StrEnum):
    """Why nobody waits for a frame any more."""

    TOO_OLD = "too-old"
    SUPERSEDED = "superseded"
    """A newer frame of its camera was there, and only the newest counts."""


class DeadReason(StrEnum):
    """Why a frame cannot be processed, ever."""

    NOT_AN_EVENT = "not-an-event"
    EMPTY_IMAGE = "empty-image"
    UNSUPPORTED_IMAGE = "unsupported-image"
    IMAGE_TOO_LARGE = "image-too-large"
    CORRUPT_IMAGE = "corrupt-image"
    DATAREF_NOT_ALLOWED = "dataref-not-allowed"
    """It names an object outside of the allowed roots, which nobody looked at."""
    DATAREF_NOT_FOUND = "dataref-not-found"
    DATAREF_FORBIDDEN = "dataref-forbidden"
    """The storage shows it to others, perhaps."""
    DETECTOR_FAILED = "detector-failed"
    """The detector failed on this frame each time, and on no other."""
    CRASHED_WORKER = "crashed-worker"
    """It ended the worker's process each time it was tried."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One object that the model found."""

    label: str
    class_id: int
    score: FiniteFloat
    """0 to 1."""
    box: Box


@dataclass(frozen=True, slots=True)
class Detected:
    """The result of one frame."""

    record: RecordId
    frame_id: Name
    camera: Name
    source: Name
    captured_at: Instant
    width: int
    height: int
    model_name: str
    model_digest: str
    """sha256 of the model file, hexadecimal."""
    detections: tuple[Detection, ...]
    """Best score first."""
    timings_s: Mapping[str, FiniteFloat]
    """Seconds by stage: `queue`, `decode`, `detect`."""
    worker: str
    at: Instant
    """Instant of detection, seconds since the epoch."""
    traceparent: Name | None = None
    """W3C trace context: the frame's, or of the span that processed it."""

    kind = Kind.DETECTED

    def message(self) -> Message:
        """As a CloudEvent whose id is frame id + model digest: a repeated detection has the same id."""
        body = to_json(self, exclude={"record", "source", "at", "traceparent"})  # these are attributes
        attributes = _attributes(self, DETECTIONS_TYPE, f"{self.frame_id}:{self.model_digest[:16]}")
        attributes["datacontenttype"] = "application/json"
        return to_message(attributes, body, self.camera)

    @classmethod
    def read(cls, message: Message) -> Self:
        """Raises InvalidEventError when *message* is not a detections event."""
        attributes, data = _read(message, DETECTIONS_TYPE)
        body = from_json(dict[str, Any], data)
        return from_fields(cls, body | _attributes_read(attributes))


@dataclass(frozen=True, slots=True)
class Expired:
    """A frame that did not matter any more when its turn came."""

    record: RecordId
    frame_id: Name
    camera: Name
    source: Name
    captured_at: Instant
    age_s: FiniteFloat
    """Age when it was dropped."""
    limit_s: FiniteFloat | None
    """The age it was allowed, seconds from capture; None: any."""
    worker: str
    at: Instant
    reason: ExpiredReason = ExpiredReason.TOO_OLD
    traceparent: Name | None = None
    """W3C trace context: the frame's, or of the span that processed it."""

    kind = Kind.EXPIRED

    def message(self) -> Message:
        """Headers only: nobody needs the image of a frame that nobody waits for."""
        attributes = _attributes(self, EXPIRED_TYPE, f"{self.frame_id}:expired") | {
            "frameid": self.frame_id,
            "capturedat": instant(self.captured_at),
            "ages": str(self.age_s),
            "limits": None if self.limit_s is None else str(self.limit_s),
            "worker": self.worker,
            "reason": self.reason,
        }
        return to_message(attributes, b"", self.camera)

    @classmethod
    def read(cls, message: Message) -> Self:
        """Raises InvalidEventError when *message* is not an expired event."""
        attributes, _ = _read(message, EXPIRED_TYPE)
        fields = {
            "frame_id": attributes.get("frameid"),
            "camera": attributes.get("partitionkey"),
            "captured_at": read_instant(attributes, "capturedat"),
            "age_s": attributes.get("ages"),
            "limit_s": attributes.get("limits"),
            "worker": attributes.get("worker"),
            "reason": attributes.get("reason", ExpiredReason.TOO_OLD),
        }
        return from_fields(cls, fields | _attributes_read(attributes))


@dataclass(frozen=True, slots=True)
class Dead:
    """A record that cannot be processed, with everything needed to send it again."""

    record: RecordId
    original: Message
    """
    Key, value and headers as they came; republishing them is a redrive.

    Only `dlq-*` headers are not kept: they are of an earlier death, which this one replaces.
    """
    reason: DeadReason
    stage: str
    """`event`, `fetch`, `decode`, `detect` or `process`."""
    detail: str
    """One line for a person, without payload bytes."""
    attempts: int
    first_failed_at: Instant
    at: Instant
    worker: str

    kind = Kind.DEAD

    def message(self) -> Message:
        """The original record with `dlq-*` headers added."""
        added = {
            "dlq-topic": self.record.topic,
            "dlq-partition": self.record.partition,
            "dlq-offset": self.record.offset,
            "dlq-reason": self.reason,
            "dlq-stage": self.stage,
            "dlq-detail": self.detail[:1024],
            "dlq-attempts": self.attempts,
            "dlq-first-failed-at": self.first_failed_at,
            "dlq-at": self.at,
            "dlq-worker": self.worker,
        }
        ours = [(name, str(value).encode(errors="replace")) for name, value in added.items()]
        theirs = [header for header in self.original.headers if not header[0].startswith(_DLQ)]
        return Message(self.original.key, self.original.value, theirs + ours)

    @classmethod
    def read(cls, message: Message) -> Self:
        """Raises InvalidEventError when *message* has no complete set of `dlq-*` headers."""
        theirs = [header for header in message.headers if not header[0].startswith(_DLQ)]
        fields: dict[str, Any] = {
            name.removeprefix(_DLQ).replace("-", "_"): value.decode(errors="replace")
            for name, value in message.headers
            if name.startswith(_DLQ)
        }
        record = {name: fields.get(name) for name in ("topic", "partition", "offset")}
        original = Message(message.key, message.value, theirs)
        return from_fields(cls, fields | {"record": record, "original": original})


_DLQ = "dlq-"

Outcome = Detected | Expired | Dead


def expired(
    record: RecordId, frame: Frame, reason: ExpiredReason, limit_s: float | None, worker: str, at: float
) -> Expired:
    """The outcome of *frame*, of which nobody wants the result at *at*."""
    age_s = at - frame.captured_at
    place = record, frame.id, frame.camera, frame.source, frame.captured_at
    return Expired(*place, age_s, limit_s, worker, at, reason, frame.traceparent)


def _attributes(outcome: Detected | Expired, event_type: str, event_id: str) -> dict[str, Any]:
    record = outcome.record
    return {
        "id": event_id,
        "source": outcome.source,
        "type": event_type,
        "time": instant(outcome.at),
        "frametopic": record.topic,
        "framepartition": str(record.partition),
        "frameoffset": str(record.offset),
        "traceparent": outcome.traceparent,
    }


def _read(message: Message, event_type: str) -> tuple[dict[str, Any], bytes]:
    event = read_event(message, 0.0)
    if event.get_type() != event_type:
        raise InvalidEventError(f"ce_type is {event.get_type()[:80]!r}, not {event_type!r}")
    data = event.get_data()
    return event.get_attributes(), data if isinstance(data, bytes) else b""


def _attributes_read(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `_attributes`: fields that a detected and an expired frame share."""
    return {
        "record": {
            "topic": attributes.get("frametopic"),
            "partition": attributes.get("framepartition"),
            "offset": attributes.get("frameoffset"),
        },
        "source": attributes["source"],
        "at": attributes["time"].timestamp(),
        "traceparent": attributes.get("traceparent"),
    }


READERS: Sequence[type[Detected] | type[Expired] | type[Dead]] = (Detected, Expired, Dead)
