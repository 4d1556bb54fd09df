"""
`detectscale publish` and `detectscale camera`: frames from this machine into Kafka.
"""

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from detectscale.service import stop_on_signals
from detectscale.settings import Settings
from frames.errors import ConfigError, UnavailableError
from frames.publisher import Acceptance, Publisher, PublisherCounts, new_frame
from frames.sources import WallClock, captured, open_source
from frames.topics import create_topics

log = logging.getLogger(__name__)

FLUSH_S = 30.0
PROGRESS_S = 5.0


def publish_files(settings: Settings, files: Sequence[Path], camera: str, as_is: bool) -> None:
    """
    Send *files* as frames of *camera*; print the id of each that the broker has acknowledged.

    Raises:
        ConfigError: A file cannot be read, or is no image (unless *as_is*).
        UnavailableError: The broker did not take all of them.
    """
    images = [_read(file) for file in files]
    create_topics(settings.kafka, settings.topics)
    publisher = Publisher(
        settings.kafka,
        settings.topics,
        settings.publisher,
        check_images=not as_is,
        on_acknowledged=lambda frame, record, at: print(frame.id, flush=True),
    )
    refused: list[str] = []
    for sequence, (file, image) in enumerate(zip(files, images, strict=True)):
        frame = new_frame(captured(camera, image, time.time(), sequence), settings.publisher.expiry_s)
        acceptance = publisher.send(frame)
        if acceptance is not Acceptance.ACCEPTED:
            refused.append(f"{file}: {acceptance}")
    counts = publisher.close(FLUSH_S)
    if refused:
        raise ConfigError(f"not sent: {'; '.join(refused)}")
    _check(counts)


def publish_camera(settings: Settings, source: str, limit: int | None) -> None:
    """
    Publish the frames of *source* at its own rate until it ends or a signal comes.

    Raises:
        ConfigError: There is no such source. UnavailableError: The broker did not take all frames.
    """
    stop = stop_on_signals()
    opened = open_source(source, limit=limit)
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
