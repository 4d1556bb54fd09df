"""Polled records for the tests of a worker's parts."""

from frames.event import Frame, InvalidEventError, Message, decode_frame, encode_frame
from frames.outcome import RecordId
from workers.claim import Claim
from workers.inbox import Polled


def frame(
    image: bytes = b"image",
    captured_at: float = 100.0,
    expires_at: float | None = None,
    camera: str = "door",
    dataref: str | None = None,
) -> Frame:
    source = f"/cameras/{camera}"
    return Frame(
        "frame-1", camera, source, captured_at, "image/jpeg", image, expires_at=expires_at, dataref=dataref
    )


def polled(
    message: Message, offset: int = 0, claim: Claim | None = None, appended_at: float = 100.0
) -> Polled:
    place = RecordId("frames", 0, offset)
    try:
        event: Frame | InvalidEventError = decode_frame(message, appended_at)
    except InvalidEventError as error:
        event = error
    return Polled(place, message, event, appended_at, 100.5, claim or Claim())


def polled_frame(
    image: bytes = b"image",
    offset: int = 0,
    claim: Claim | None = None,
    camera: str = "door",
    captured_at: float = 100.0,
) -> Polled:
    message = encode_frame(frame(image, captured_at, camera=camera))
    return polled(message, offset, claim, appended_at=captured_at)
