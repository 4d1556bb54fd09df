"""Outcomes to write: what a worker would say of record n of a camera."""

from typing import Any

from frames.event import Frame, Message, encode_frame
from frames.outcome import Dead, DeadReason, Detected, Detection, Expired, RecordId
from frames.topics import TopicSettings

STARTED = 4_000_000_000.0
"""In 2096, so that nothing here has outlived its time in Redis."""


def detected(
    topics: TopicSettings, offset: int, camera: str = "door", partition: int = 0, **changes: Any
) -> Detected:
    fields: dict[str, Any] = {
        "record": RecordId(topics.frames, partition, offset),
        "frame_id": f"{camera}-{offset}",
        "camera": camera,
        "source": f"/cameras/{camera}",
        "captured_at": STARTED + offset,
        "width": 640,
        "height": 480,
        "model_name": "nano",
        "model_digest": "0123456789abcdef",
        "detections": (Detection("person", 0, 0.9, (1.0, 2.0, 3.0, 4.0)),),
        "timings_s": {"detect": 0.1},
        "worker": "w",
        "at": STARTED + offset + 1.0,
    }
    return Detected(**(fields | changes))


def expired(topics: TopicSettings, offset: int, camera: str = "door", partition: int = 0) -> Expired:
    at = STARTED + offset
    record = RecordId(topics.frames, partition, offset)
    return Expired(record, f"{camera}-{offset}", camera, f"/cameras/{camera}", at, 31.0, 30.0, "w", at + 31.0)


def dead(topics: TopicSettings, offset: int, original: Message | None = None, partition: int = 0) -> Dead:
    at = STARTED + offset
    frame = Frame(f"door-{offset}", "door", "/cameras/door", at, "image/jpeg", b"GIF89a")
    return Dead(
        RecordId(topics.frames, partition, offset),
        original or encode_frame(frame),
        DeadReason.UNSUPPORTED_IMAGE,
        "header",
        "the image is neither JPEG nor PNG",
        1,
        at,
        at,
        "w",
    )
