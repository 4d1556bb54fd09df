"""
One outcome as it comes from Kafka, opened no further than needed.

A gateway sees the outcomes of all frames, and few of them are waited for: its reader takes the id and
the camera from the headers, and the rest is read when somebody asks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from frames.event import InvalidEventError, Message, decode_frame
from frames.letter import is_mark
from frames.outcome import Dead
from frames.projection import describe
from frames.records import read_outcome
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka.consumer.fetcher import ConsumerRecord

MAX_CHARACTERS = 1100
"""Of a camera or an id, both of which workers limit."""


@dataclass(slots=True)
class Arrival:
    """An outcome that has just been appended. Belongs to one thread at a time."""

    frame_id: str
    camera: str
    """As Kafka knows it."""
    _read: Callable[[], dict[str, Any]] = field(repr=False)
    _description: dict[str, Any] | None = None

    @property
    def description(self) -> dict[str, Any]:
        """As `frames.projection.describe` says it; InvalidEventError if it is no outcome after all."""
        if self._description is None:
            self._description = self._read()
        return self._description


def arrival(topics: TopicSettings, record: "ConsumerRecord") -> Arrival | None:
    """What a record of the outcome topics says; None: no outcome of a frame that anybody can name."""
    if is_mark(topics, record):
        return None
    if record.topic == topics.dead:
        return _dead(record)
    headers = {name: value or b"" for name, value in record.headers}
    if record.topic == topics.detections:
        frame_id = headers.get("ce_id", b"").rpartition(b":")[0]  # id of the frame, digest of the model
    else:
        frame_id = headers.get("ce_frameid", b"")
    camera = record.key or b""
    if not 0 < len(frame_id) <= MAX_CHARACTERS or len(camera) > MAX_CHARACTERS * 4:
        return None
    return Arrival(
        frame_id.decode(errors="replace"),
        camera.decode(errors="replace"),
        lambda: describe(read_outcome(topics, record)),
    )


def _dead(record: "ConsumerRecord") -> Arrival | None:
    """Read at once, so that nobody holds on to the image in it."""
    try:
        dead = Dead.read(Message.of(record))
        frame = decode_frame(dead.original, dead.at)
    except InvalidEventError:
        return None
    description = describe(dead)
    return Arrival(frame.id, frame.camera, lambda: description)
