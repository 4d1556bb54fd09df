"""
What a worker does with a record, as far as strangers can reach: event, claim check, header, pixels.

Whatever comes must end as pixels or as an outcome that can be sent; any other error is a bug.
"""

import random
from dataclasses import replace
from typing import Any

from frames.claim_check import ClaimCheckError, ClaimChecks, ClaimCheckSettings
from frames.event import Frame, InvalidEventError, Message, decode_frame
from frames.image import ImageError, decode, read_header
from frames.outcome import Dead, DeadReason, Expired, ExpiredReason, RecordId, expired
from tests.fuzz.mutations import image, record

NOW = 1_800_000_000.0
MAX_PIXELS = 1_000_000
"""Larger images are not decoded here: they take their time, and their size was checked."""

PLACE = RecordId("frames", 0, 7)
CHECKS = ClaimChecks(ClaimCheckSettings())


def tried(draw: random.Random, decoded_share: float) -> tuple[str, str]:
    """
    Break an image and an envelope around it, and say how each ended.

    Args:
        decoded_share: Of the images whose header is good, those that are decoded.

    Raises:
        Exception: A bug.
    """
    content = image(draw)
    return _event(record(draw, content)), _image(content, draw.random() < decoded_share)


def _event(sent: Any) -> str:
    message = Message.of(sent)
    try:
        frame = decode_frame(message, NOW)
        CHECKS.open(frame)
    except InvalidEventError as error:
        return _dead(message, DeadReason.NOT_AN_EVENT, str(error))
    except ClaimCheckError as error:
        return _dead(message, error.reason, error.detail)
    _check_expired(frame)
    return "an event"


def _image(content: bytes, decoded: bool) -> str:
    try:
        header = read_header(content)
        if not decoded or header.width * header.height > MAX_PIXELS:
            return "a good header"
        pixels = decode(content)
    except ImageError as error:
        return _dead(Message(b"door", content, ()), error.reason, error.detail)
    if pixels.shape != (header.height, header.width, 3):
        raise AssertionError(f"{header} became pixels of {pixels.shape}")
    return "decoded"


def _dead(message: Message, reason: DeadReason, detail: str) -> str:
    """The record as a dead letter, out of which it comes again as it was."""
    dead = Dead(PLACE, message, reason, "decode", detail, 1, NOW, NOW, "worker")
    kept = [header for header in message.headers if not header[0].startswith("dlq-")]
    back = Dead.read(dead.message())
    if back != replace(dead, original=replace(message, headers=kept)):
        raise AssertionError(f"a dead letter came back as another: {back}")
    return reason.value


def _check_expired(frame: Frame) -> None:
    """What is a frame can be told to have expired, whatever its attributes are."""
    outcome = expired(PLACE, frame, ExpiredReason.TOO_OLD, 1.0, "worker", NOW)
    back = Expired.read(outcome.message())
    if (back.frame_id, back.camera, back.source) != (frame.id, frame.camera, frame.source):
        raise AssertionError(f"an expired frame came back as another: {back}")
