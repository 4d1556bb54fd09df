"""
The frame event: one camera image as a CloudEvent over Kafka.

Binary mode is what detectscale writes: attributes in `ce_*` headers, the image's
bytes as the value. Structured JSON mode is read too, for producers that have only
JSON. Anything else raises `InvalidEventError`, which ends as a dead letter.

Sources: CloudEvents 1.0.2, Kafka protocol binding 1.0.2, extensions `sequence`,
`expirytime`, `dataref` and distributed tracing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings import kafka as binding
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

FRAME_TYPE = "detectscale.frame.v1"

MAX_ATTRIBUTE_CHARACTERS = 1024
"""Longest attribute of a frame event: outcomes repeat them, and must fit into a record too."""
LAST_INSTANT = 253_402_300_799.0
"""The end of the year 9999, seconds since the epoch: no RFC 3339 instant is later."""

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer sends or a consumer got: the parts of a Kafka record that a person chooses."""

    key: bytes | None
    value: bytes
    headers: Headers

    @classmethod
    def of(cls, record: Any) -> Self:
        """The message inside a kafka-python `ConsumerRecord`; a null value or header becomes empty bytes."""
        headers = [(name, value or b"") for name, value in record.headers]
        return cls(record.key, record.value or b"", headers)


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of one camera."""

    id: str
    """Unique within `source`; a repeated send keeps it."""
    camera: str
    """The record's key: frames of one camera stay in order on one partition."""
    source: str
    """Where it was taken, a URI reference: `/stores/12/cameras/door`."""
    captured_at: float
    """Instant of capture, seconds since the epoch."""
    content_type: str
    """`image/jpeg` or `image/png`."""
    image: bytes = field(repr=False)
    """The encoded image; empty when `dataref` names it instead."""
    sequence: str | None = None
    """Position in the camera's stream."""
    expires_at: float | None = None
    """Instant after which nobody wants the result, seconds since the epoch; None: never."""
    dataref: str | None = None
    """Claim check: where the image lies when it is too large to travel."""
    traceparent: str | None = None
    """W3C trace context of whoever sent it."""


class InvalidEventError(Exception):
    """A record is not a frame event; the message says which part is wrong, without payload bytes."""


def encode_frame(frame: Frame) -> Message:
    """Write *frame* as a Kafka message in CloudEvents binary mode."""
    attributes: dict[str, Any] = {
        "id": frame.id,
        "source": frame.source,
        "type": FRAME_TYPE,
        "time": instant(frame.captured_at),
        "datacontenttype": frame.content_type or None,
        "sequence": frame.sequence,
        "expirytime": instant(frame.expires_at),
        "dataref": frame.dataref,
        "traceparent": frame.traceparent,
    }
    return to_message(attributes, frame.image, frame.camera)


def decode_frame(message: Message, appended_at: float) -> Frame:
    """
    Read a frame event, in binary or structured mode.

    Args:
        appended_at: The record's timestamp, seconds since the epoch: the instant of
            capture of an event without `time`, which CloudEvents leaves optional.

    Raises:
        InvalidEventError: It is no CloudEvent, not of type `detectscale.frame.v1`, or an
            attribute is malformed.
    """
    event = read_event(message, appended_at)
    attributes = event.get_attributes()
    if event.get_type() != FRAME_TYPE:
        raise InvalidEventError(f"ce_type is {event.get_type()[:80]!r}, not {FRAME_TYPE!r}")
    data = event.get_data()
    source = read_text(attributes, "source")
    return Frame(
        id=read_text(attributes, "id"),
        camera=_optional_text(attributes, "partitionkey") or source,
        source=source,
        captured_at=seconds("time", attributes["time"]),
        content_type=_optional_text(attributes, "datacontenttype") or "",
        image=data if isinstance(data, bytes) else b"",
        sequence=_optional_text(attributes, "sequence"),
        expires_at=None if "expirytime" not in attributes else read_instant(attributes, "expirytime"),
        dataref=_optional_text(attributes, "dataref"),
        traceparent=_optional_text(attributes, "traceparent"),
    )


def to_message(attributes: dict[str, Any], data: bytes, key: str) -> Message:
    """Write a CloudEvent in binary mode; attributes that are None are left out."""
    event = CloudEvent({name: value for name, value in attributes.items() if value is not None}, data)
    message = binding.to_binary(event, _FORMAT, key_mapper=lambda _: key)
    return Message(key.encode(), message.value, list(message.headers.items()))


def read_event(message: Message, appended_at: float) -> BaseCloudEvent:
    """
    Read any CloudEvent from a Kafka message, by the mode its headers announce.

    An event without `time` gets *appended_at* (the SDK alone would write the present instant);
    one without `id` is refused (the SDK would make one up, a new one at each delivery).

    Raises:
        InvalidEventError: It is no CloudEvent.
    """
    headers = {name.lower(): value or b"" for name, value in message.headers}
    structured = headers.get("content-type", b"").startswith(JSONFormat.CONTENT_TYPE.encode())
    if not structured and "ce_specversion" not in headers:
        raise InvalidEventError("no CloudEvents headers and no structured CloudEvent")
    read = binding.from_structured if structured else binding.from_binary

    def completed(attributes: dict[str, Any], data: Any) -> BaseCloudEvent:
        if "id" not in attributes:
            raise ValueError("id is missing")
        if "time" not in attributes:
            attributes["time"] = instant(appended_at)
        return CloudEvent(attributes, data)

    try:
        return read(binding.KafkaMessage(headers, message.key, message.value), _FORMAT, completed)
    except _UNREADABLE as error:
        raise InvalidEventError(f"not a CloudEvent: {' '.join(str(error).split())}"[:300]) from error


_UNREADABLE = (
    BaseCloudEventException,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the SDK lets through when a message is hostile: it checks attributes, not the types of JSON."""


def instant(at: float | None) -> datetime | None:
    """Seconds since the epoch as CloudEvents write them; None stays None."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


def seconds(name: str, at: datetime) -> float:
    """
    The inverse of `instant`.

    Raises:
        InvalidEventError: *at* has no time zone, or is before 1970 or after 9999, which
            `instant` could not write again.
    """
    if at.tzinfo is None:
        raise InvalidEventError(f"{name} has no time zone: {at.isoformat()}")
    since_epoch = at.timestamp()
    if not 0 <= since_epoch < LAST_INSTANT:
        raise InvalidEventError(f"{name} is not within 1970 to 9999: {at.isoformat()}")
    return since_epoch


def read_text(attributes: Mapping[str, Any], name: str) -> str:
    """
    One attribute that is text and can be written again.

    Raises:
        InvalidEventError: It is missing, not text (structured mode allows any JSON), too long,
            or holds half of a surrogate pair, which JSON can write but UTF-8 cannot.
    """
    text = attributes.get(name)
    if not isinstance(text, str):
        raise InvalidEventError(f"{name} is missing or not text")
    if len(text) > MAX_ATTRIBUTE_CHARACTERS:
        raise InvalidEventError(f"{name} has {len(text)} characters; {MAX_ATTRIBUTE_CHARACTERS} are allowed")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(f"{name} is not valid Unicode") from error
    return text


def read_instant(attributes: Mapping[str, Any], name: str) -> float:
    """One attribute that is an RFC 3339 instant, as seconds since the epoch; or InvalidEventError."""
    text = read_text(attributes, name)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidEventError(f"{name} is not an RFC 3339 instant: {text[:80]!r}") from error
    return seconds(name, at)


def _optional_text(attributes: Mapping[str, Any], name: str) -> str | None:
    return None if attributes.get(name) is None else read_text(attributes, name)


class _ImageFormat(JSONFormat):
    """The SDK's JSON format, except that a binary-mode body stays the bytes it is."""

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:
        return body


_FORMAT = _ImageFormat()
