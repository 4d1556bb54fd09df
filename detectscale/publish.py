"""
`detectscale publish`: images from this machine into Kafka.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from detectscale.settings import Settings
from frames.errors import ConfigError, UnavailableError
from frames.event import Frame
from frames.outcome import RecordId
from frames.publisher import (
    MAX_IMAGE_BYTES,
    Acceptance,
    Publisher,
    PublisherCounts,
    largest_image_bytes,
    new_frame,
)
from frames.sources import captured
from frames.topics import create_topics
from frames.trace_settings import start_tracing

FLUSH_S = 30.0
SERVICE = "detectscale-camera"
"""What spans say of their origin."""
AT_ONCE = 4
"""Files on their way at a time; the publisher's buffer holds as many of the largest."""


def publish_files(settings: Settings, files: Sequence[Path], camera: str, as_is: bool) -> None:
    """
    Send *files* as frames of *camera*; print the id of each that the broker has acknowledged.

    Raises:
        ConfigError: A file cannot be read, or is no image (unless *as_is*).
        UnavailableError: The broker, or the storage for large ones, did not take all of them.
    """
    create_topics(settings.kafka, settings.topics, needed=[settings.topics.frames])
    turns = threading.Semaphore(AT_ONCE)
    largest = largest_image_bytes(settings.claim_checks)
    buffer_bytes = max(settings.publisher.buffer_bytes, AT_ONCE * largest)

    def acknowledged(frame: Frame, record: RecordId, at: float) -> None:
        print(frame.id, flush=True)
        turns.release()

    def failed(frame: Frame, why: str) -> None:
        failures.append(why)
        turns.release()

    failures: deque[str] = deque(maxlen=1)
    publisher = Publisher(
        settings.kafka,
        settings.topics,
        settings.publisher.model_copy(update={"buffer_bytes": buffer_bytes}),
        claim_checks=settings.claim_checks,
        check_images=not as_is,
        on_acknowledged=acknowledged,
        on_failed=failed,
        tracing=start_tracing(settings.traces, SERVICE, camera),
    )
    refused: list[str] = []
    try:
        for sequence, file in enumerate(files):
            image = captured(camera, _read(file), time.time(), sequence)
            turns.acquire()
            acceptance = publisher.send(new_frame(image, settings.publisher.expiry_s))
            if acceptance is not Acceptance.ACCEPTED:
                turns.release()
                refused.append(f"{file}: {_refusal(acceptance, len(image.image), largest)}")
    finally:
        counts = publisher.close(FLUSH_S)
    if refused:
        raise ConfigError(f"not sent: {'; '.join(refused)}")
    _check(counts, failures)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}; name files that can be read") from error


def _refusal(acceptance: Acceptance, size: int, largest: int) -> str:
    if acceptance is not Acceptance.TOO_LARGE:
        return acceptance
    way_out = "set claim_checks.max_bytes" if largest > MAX_IMAGE_BYTES else "set claim_checks.roots"
    return f"{size} bytes are too large, {largest} are allowed; {way_out} to send larger ones"


def _check(counts: PublisherCounts, failures: deque[str]) -> None:
    if counts.failed:
        raise UnavailableError(
            f"{counts.failed} of {counts.accepted} frames were not taken; send them again ({failures[-1]})"
        )
