"""
What a source of frames is: something that yields pictures at the rate they are taken.

Time is a `Clock` passed in, so that a test replays an hour in a millisecond.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from frames.image import ImageError, read_header


@dataclass(frozen=True, slots=True)
class Captured:
    """One picture that a camera took."""

    camera: str
    source: str
    """URI reference of the camera: `/cameras/door`. Never its address: that may hold a password."""
    captured_at: float
    """Instant of capture, seconds since the epoch."""
    content_type: str
    """`image/jpeg` or `image/png`; `application/octet-stream` for what is neither."""
    image: bytes = field(repr=False)
    """Encoded as `content_type` says."""
    sequence: int
    """0, 1, 2, … since the source was opened."""


class Clock(Protocol):
    """What a source knows of time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def elapsed(self) -> float:
        """Seconds since some start, never set back."""
        ...

    def wait(self, seconds: float) -> bool:
        """Let *seconds* pass (none if negative); True, and earlier, when the source shall stop."""
        ...


class WallClock:
    """The real time; *stop* ends every wait."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        return self._stop.wait(max(0.0, seconds))


class Source(Protocol):
    """Where frames come from."""

    @property
    def camera(self) -> str:
        """The id of the camera."""
        ...

    def frames(self, clock: Clock) -> Iterator[Captured]:
        """
        Yield frames as they are taken, until the source ends or the clock says stop.

        Raises:
            ConfigError: The source holds nothing that could be sent.
        """
        ...


def captured(camera: str, image: bytes, at: float, sequence: int) -> Captured:
    """*image* as *camera* took it at *at*."""
    try:
        content_type = read_header(image).content_type
    except ImageError:
        content_type = "application/octet-stream"
    return Captured(camera, f"/cameras/{quote(camera)}", at, content_type, image, sequence)
