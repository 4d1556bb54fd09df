"""
`detectscale publish` and `detectscale camera`: frames from this machine into Kafka.
"""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from detectscale.service import stop_on_signals
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
from frames.sources import WallClock, captured, open_source
from frames.topics import create_topics
from frames.trace_settings import start_tracing

log = logging.getLogger(__name__)

FLUSH_S = 30.0
SERVICE = "detectscale-camera"
"""What spans say of their origin."""
AT_ONCE = 4
"""Files on their way at a time; the publisher's buffer holds as many of the largest."""
PROGRESS_S = 5.0


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


def publish_camera(settings: Settings, source: str, name: str | None, limit: int | None) -> None:
    """
    Publish the frames of *source* as camera *name*, at its own rate, until it ends or a signal comes.

    Raises:
        ConfigError: There is no such source. UnavailableError: The broker did not take all frames.
    """
    stop = stop_on_signals()
    failures: deque[str] = deque(maxlen=1)
    opened = open_source(source, camera=name, limit=limit)
    create_topics(settings.kafka, settings.topics, needed=[settings.topics.frames])
    publisher = Publisher(
        settings.kafka,
        settings.topics,
        settings.publisher,
        claim_checks=settings.claim_checks,
        on_failed=lambda frame, why: failures.append(why),
        tracing=start_tracing(settings.traces, SERVICE, name or source.rpartition("@")[2]),
    )
    shown_at = time.monotonic()
    try:
        for picture in opened.frames(WallClock(stop)):
            publisher.offer(picture)
            if time.monotonic() - shown_at > PROGRESS_S:
                shown_at = time.monotonic()
                log.info("camera %s: %s", picture.camera, _told(publisher.counts))
    finally:
        counts = publisher.close(FLUSH_S)
        print(f"camera {source if '://' not in source else 'stream'}: {_told(counts)}", file=sys.stderr)
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


def _told(counts: PublisherCounts) -> str:
    told = f"{counts.acknowledged} frames sent"
    others = {"failed": counts.failed, "refused, buffer full": counts.refused, "too large": counts.too_large}
    return told + "".join(f", {count} {name}" for name, count in others.items() if count)


def _check(counts: PublisherCounts, failures: deque[str]) -> None:
    if counts.failed:
        raise UnavailableError(
            f"{counts.failed} of {counts.accepted} frames were not taken; send them again ({failures[-1]})"
        )
