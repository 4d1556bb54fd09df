"""
Stored pictures, replayed at a rate as if a camera took them now: a folder, a video, the drawn store.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frames.errors import ConfigError
from frames.image import ImageError, read_header
from frames.sources.develop import Develop, Picture
from frames.sources.source import Captured, Clock, captured

if TYPE_CHECKING:
    from cv2.typing import MatLike

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replay:
    """A source whose pictures are at hand whenever their turn comes."""

    camera: str
    pictures: Callable[[], Iterator[Picture]]
    """Starts from the first picture."""
    fps: float
    """Pictures per second. One that comes late moves none of those after it."""
    develop: Develop
    limit: int | None = None
    """End after so many frames; None: with the pictures."""
    loop: bool = False
    """Start again after the last picture."""

    def frames(self, clock: Clock) -> Iterator[Captured]:
        for sequence, (at, image) in enumerate(islice(self._developed(clock), self.limit)):
            yield captured(self.camera, image, at, sequence)

    def _developed(self, clock: Clock) -> Iterator[tuple[float, bytes]]:
        """Instants and images of the pictures that are wanted."""
        started = clock.elapsed()
        for turn, picture in enumerate(self._rounds()):
            if clock.wait(started + turn / self.fps - clock.elapsed()):
                return
            at = clock.now()
            image = self.develop(picture, at)
            if image is not None:
                yield at, image

    def _rounds(self) -> Iterator[Picture]:
        yield from self.pictures()
        while self.loop:
            yield from self.pictures()


def store_pictures(seed: int, fps: float) -> Iterator[Picture]:
    """The drawn store: picture n shows the instant n / *fps*, so that its truth can be asked for again."""
    import cv2

    from frames.store import StoreCamera

    camera = StoreCamera(seed)
    for n in count():
        image, _ = camera.frame(n / fps)
        yield cv2.cvtColor(image, cv2.COLOR_RGB2BGR)


def folder_pictures(files: list[Path], as_is: bool) -> Iterator[Picture]:
    """
    The files in their order: JPEG and PNG as they are, other images as pixels, the rest left out.

    *as_is* sends every file unread: for tests of what happens to broken ones.
    """
    sendable = 0
    for file in files:
        picture = file.read_bytes() if as_is else _picture(file)
        if picture is None:
            log.warning("%s: not an image that can be sent; left out", file)
            continue
        sendable += 1
        yield picture
    if not sendable:
        raise ConfigError(
            f"{files[0].parent}: none of its {len(files)} files is an image; name another folder"
        )


def video_fps(path: Path) -> float:
    """
    The video's own rate in frames per second; 25 when it does not say.

    Raises:
        ConfigError: It is no video.
    """
    import cv2

    capture = _open_video(path)
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    return fps if 0 < fps < 1000 else 25.0


def video_pictures(path: Path, own_fps: float, fps: float) -> Iterator[Picture]:
    """
    The frames of a video that are due at *fps*, not above its own rate.

    Those between are skipped undecoded, so that the video keeps its speed.
    """
    capture = _open_video(path)
    try:
        due = 0.0
        for n in count():
            if not capture.grab():
                return
            if n < due:
                continue
            due += own_fps / fps
            decoded, pixels = capture.retrieve()
            if decoded:
                yield pixels
    finally:
        capture.release()


def _picture(file: Path) -> Picture | None:
    image = file.read_bytes()
    try:
        read_header(image)
    except ImageError:
        return _pixels(image)
    return image


def _pixels(image: bytes) -> "MatLike | None":
    """Those of an image of any format OpenCV reads; None when it reads none."""
    import cv2
    import numpy as np

    try:
        return cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # no bytes, or too many pixels
        return None


def _open_video(path: Path) -> Any:
    import cv2

    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise ConfigError(f"{path}: neither an image nor a video that FFmpeg reads; name another file")
    return capture
