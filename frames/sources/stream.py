"""
A camera on the network: read as it comes, and opened again when it goes away.

The address may hold a password, which is why nothing but its host and path is ever
logged, and no event holds it.
"""

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from frames.backoff import delay_s
from frames.sources.replay import to_jpeg
from frames.sources.source import Captured, Clock, captured

log = logging.getLogger(__name__)

TIMEOUT_MS = 5000
"""A camera that says nothing for so long is gone."""


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def isOpened(self) -> bool: ...  # noqa: N802  # OpenCV's name
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


def open_capture(url: str) -> Capture:
    """Open *url* with FFmpeg; RTSP runs over TCP, OpenCV's default."""
    import cv2

    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)


@dataclass(frozen=True, slots=True)
class Stream:
    """A live source; it never ends by itself."""

    camera: str
    url: SecretStr
    fps: float | None
    """Frames per second to take, the others are dropped undecoded; None: all."""
    limit: int | None
    quality: int
    """Of the JPEGs, 1 to 100."""
    rng: random.Random
    """Spreads the attempts to reconnect."""
    connect: Callable[[str], Capture] = open_capture

    def frames(self, clock: Clock) -> Iterator[Captured]:
        for sequence, (at, image) in enumerate(islice(self._pictures(clock), self.limit)):
            yield captured(self.camera, image, at, sequence)

    def _pictures(self, clock: Clock) -> Iterator[tuple[float, bytes]]:
        """Instants and JPEGs, over as many connections as it takes."""
        address = redacted(self.url.get_secret_value())
        attempt = 0
        while not clock.wait(0.0):
            for picture in self._connection(clock):
                if attempt:
                    log.info("camera %s: %s is back", self.camera, address)
                attempt = 0
                yield picture
            if not attempt:
                log.warning("camera %s: %s does not answer; trying until it does", self.camera, address)
            if clock.wait(delay_s(attempt, self.rng)):
                return
            attempt += 1

    def _connection(self, clock: Clock) -> Iterator[tuple[float, bytes]]:
        capture = self.connect(self.url.get_secret_value())
        try:
            due = clock.elapsed()
            while capture.isOpened() and capture.grab() and not clock.wait(0.0):
                at = clock.now()
                if self.fps is not None and clock.elapsed() < due:
                    continue
                due += 1.0 / self.fps if self.fps is not None else 0.0
                decoded, pixels = capture.retrieve()
                if decoded:
                    yield at, to_jpeg(pixels, self.quality)
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
