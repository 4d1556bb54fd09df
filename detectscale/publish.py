"""
`detectscale publish` and `detectscale camera`: frames from this machine into Kafka.
"""

import logging
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from detectscale.service import stop_on_signals
from detectscale.settings import Settings
from frames.errors import ConfigError, UnavailableError
from frames.event import Frame
from frames.outcome import RecordId
from frames.publisher import Acceptance, Publisher, PublisherCounts, new_frame
from frames.sources import WallClock, captured, open_source
from frames.topics import create_topics

log = logging.getLogger(__name__)

FLUSH_S = 30.0
AT_ONCE = 4
"""Files on their way at a time: the largest ones still fit into the publisher's buffer."""
PROGRESS_S = 5.0


def publish_files(settings: Settings, files: Sequence[Path], camera: str, as_is: bool) -> None:
    """
    Send *files* as frames of *camera*; print the id of each that the broker has acknowledged.

    Raises:
        ConfigError: A file cannot be read, or is no image (unless *as_is*).
        UnavailableError: The broker did not take all of them.
    """
    create_topics(settings.kafka, settings.topics)
    turns = threading.Semaphore(AT_ONCE)

    def acknowledged(frame: Frame, record: RecordId, at: float) -> None:
        print(frame.id, flush=True)
        turns.release()

    publisher = Publisher(
        settings.kafka,
        settings.topics,
        settings.publisher,
        check_images=not as_is,
        on_acknowledged=acknowledged,
        on_failed=lambda frame, why: turns.release(),
    )
    refused: list[str] = []
    try:
        for sequence, file in enumerate(files):
            image = captured(camera, _read(file), time.time(), sequence)
            turns.acquire()
            acceptance = publisher.send(new_frame(image, settings.publisher.expiry_s))
            if acceptance is not Acceptance.ACCEPTED:
                turns.release()
                refused.append(f"{file}: {acceptance}")
    finally:
        counts = publisher.close(FLUSH_S)
    if refused:
        raise ConfigError(f"not sent: {'; '.join(refused)}")
    _check(counts)


def publish_camera(settings: Settings, source: str, name: str | None, limit: int | None) -> None:
    """
    Publish the frames of *source* as camera *name*, at its own rate, until it ends or a signal comes.

    Raises:
        ConfigError: There is no such source. UnavailableError: The broker did not take all frames.
    """
    stop = stop_on_signals()
    opened = open_source(source, camera=name, limit=limit)
    create_topics(settings.kafka, settings.topics)
    publisher = Publisher(settings.kafka, settings.topics, settings.publisher)
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
    _check(counts)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}; name files that can be read") from error


def _told(counts: PublisherCounts) -> str:
    told = f"{counts.acknowledged} frames sent"
    others = {"failed": counts.failed, "refused, buffer full": counts.refused, "too large": counts.too_large}
    return told + "".join(f", {count} {name}" for name, count in others.items() if count)


def _check(counts: PublisherCounts) -> None:
    if counts.failed:
        raise UnavailableError(
            f"the broker did not take {counts.failed} of {counts.accepted} frames; send them again"
        )
