"""Polled records for the tests of a worker's parts."""

from frames.event import Frame, Message, encode_frame
from frames.outcome import RecordId
from workers.claim import Claim
from workers.inbox import Polled


def frame(image: bytes = b"image", captured_at: float = 100.0, expires_at: float | None = None) -> Frame:
    return Frame("frame-1", "door", "/cameras/door", captured_at, "image/jpeg", image, expires_at=expires_at)


def polled(message: Message, offset: int = 0, claim: Claim | None = None) -> Polled:
    return Polled(RecordId("frames", 0, offset), message, 100.0, 100.5, claim or Claim())


def polled_frame(image: bytes = b"image", offset: int = 0, claim: Claim | None = None) -> Polled:
    return polled(encode_frame(frame(image)), offset, claim)
