"""
A live camera: read as it comes, and opened again when it goes away.

The address may hold a password, which is why nothing but its host and path is ever
logged, and no event holds it.
"""

import logging
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol
from urllib.parse import urlsplit

from frames.backoff import delay_s
from frames.sources.develop import Develop
from frames.sources.source import Captured, Clock, captured

log = logging.getLogger(__name__)

TIMEOUT_MS = 5000
"""A camera that says nothing for so long is gone."""
LAST_ATTEMPT = 1
"""Delays grow no further, so up to half a second: a camera that is back is seen within two seconds, of
which opening its stream takes one, and two attempts a second burden neither it nor its network."""
FFMPEG_OPTIONS = "rtsp_transport;tcp|fpsprobesize;0"
"""TCP is OpenCV's default, which this variable replaces. And FFmpeg would watch a stream for three
seconds to estimate its rate, which nobody asks for, and hand those seconds over as if taken just now."""


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def isOpened(self) -> bool: ...  # noqa: N802  # OpenCV's name
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


def open_url(url: str) -> Capture:
    """Open *url* with FFmpeg; who sets OpenCV's variable for its options has it their way."""
    import cv2

    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", FFMPEG_OPTIONS)  # there is no argument for them
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)


def open_device(path: str) -> Capture:
    """Open the camera of this machine at *path*, `/dev/video0`."""
    import cv2

    return cv2.VideoCapture(path, cv2.CAP_V4L2)


@dataclass(frozen=True, slots=True)
class Stream:
    """A live source; it never ends by itself."""

    camera: str
    address: str
    """As it may be shown: see `redacted`."""
    connect: Callable[[], Capture] = field(repr=False)
    """Opens it; may know a password."""
    fps: float | None
    """Frames per second to take, the others are dropped; None: all."""
    limit: int | None
    develop: Develop
    rng: random.Random
    """Spreads the attempts to reconnect."""
    on_gap: Callable[[float], None] = lambda seconds: None
    """Told when it is back how many seconds it was away."""

    def frames(self, clock: Clock) -> Iterator[Captured]:
        wanted = ((at, image) for at, image in self._developed(clock) if image is not None)
        for sequence, (at, image) in enumerate(islice(wanted, self.limit)):
            yield captured(self.camera, image, at, sequence)

    def _developed(self, clock: Clock) -> Iterator[tuple[float, bytes | None]]:
        """Instants and images, over as many connections as it takes."""
        attempt = 0
        seen_at = clock.elapsed()
        while not clock.wait(0.0):
            for developed in self._connection(clock):
                if attempt:
                    away_s = clock.elapsed() - seen_at
                    log.info("camera %s: %s is back after %.1f s", self.camera, self.address, away_s)
                    self.on_gap(away_s)
                attempt, seen_at = 0, clock.elapsed()
                yield developed
            if clock.wait(0.0):
                return
            if not attempt:
                log.warning("camera %s: %s does not answer; trying until it does", self.camera, self.address)
            if clock.wait(delay_s(min(attempt, LAST_ATTEMPT), self.rng)):
                return
            attempt += 1

    def _connection(self, clock: Clock) -> Iterator[tuple[float, bytes | None]]:
        capture = self.connect()
        try:
            due = clock.elapsed()
            while capture.isOpened() and capture.grab() and not clock.wait(0.0):
                at, elapsed = clock.now(), clock.elapsed()
                if self.fps is not None and elapsed < due:
                    continue
                due = max(due + 1.0 / self.fps, elapsed) if self.fps is not None else due
                decoded, pixels = capture.retrieve()
                if decoded:
                    yield at, self.develop(pixels, at)
        finally:
            capture.release()


def redacted(url: str) -> str:
    """
    An address as it may be shown: no user, no password, no query.

    >>> redacted("rtsp://admin:secret@10.0.0.5:554/live?token=1")
    'rtsp://10.0.0.5:554/live'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
