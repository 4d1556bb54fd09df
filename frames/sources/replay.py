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
from frames.sources.source import Captured, Clock, captured

if TYPE_CHECKING:
    from cv2.typing import MatLike

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replay:
    """A source whose pictures are at hand whenever their turn comes."""

    camera: str
    pictures: Callable[[], Iterator[bytes]]
    """Starts from the first picture; each is encoded."""
    fps: float
    """Frames per second. A picture that comes late moves none of those after it."""
    limit: int | None = None
    """End after so many frames; None: with the pictures."""
    loop: bool = False
    """Start again after the last picture."""

    def frames(self, clock: Clock) -> Iterator[Captured]:
        started = clock.elapsed()
        for sequence, image in enumerate(islice(self._rounds(), self.limit)):
            if clock.wait(started + sequence / self.fps - clock.elapsed()):
                return
            yield captured(self.camera, image, clock.now(), sequence)

    def _rounds(self) -> Iterator[bytes]:
        yield from self.pictures()
        while self.loop:
            yield from self.pictures()


def store_pictures(seed: int, fps: float, quality: int) -> Iterator[bytes]:
    """The drawn store: picture n shows the instant n / *fps*, so that its truth can be asked for again."""
    from frames.store import StoreCamera

    camera = StoreCamera(seed)
    for n in count():
        image, _ = camera.jpeg(n / fps, quality=quality)
        yield image


def folder_pictures(files: list[Path], quality: int, as_is: bool) -> Iterator[bytes]:
    """
    The files in their order: JPEG and PNG as they are, other images as JPEG, the rest left out.

    *as_is* sends every file unread: for tests of what happens to broken ones.
    """
    sendable = 0
    for file in files:
        image = file.read_bytes() if as_is else _as_image(file, quality)
        if image is None:
            log.warning("%s: not an image that can be sent; left out", file)
            continue
        sendable += 1
        yield image
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


def video_pictures(path: Path, own_fps: float, fps: float, quality: int) -> Iterator[bytes]:
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
                yield to_jpeg(pixels, quality)
    finally:
        capture.release()


def to_jpeg(pixels: "MatLike", quality: int) -> bytes:
    """Encode pixels as OpenCV has them (uint8, (H, W, 3), BGR)."""
    import cv2

    return cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()


def _as_image(file: Path, quality: int) -> bytes | None:
    image = file.read_bytes()
    try:
        read_header(image)
    except ImageError:
        return _as_jpeg(image, quality)
    return image


def _as_jpeg(image: bytes, quality: int) -> bytes | None:
    """An image of any format OpenCV reads, as JPEG; None when it reads none."""
    import cv2
    import numpy as np

    try:
        pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # no bytes, or too many pixels
        return None
    return None if pixels is None else to_jpeg(pixels, quality)


def _open_video(path: Path) -> Any:
    import cv2

    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise ConfigError(f"{path}: neither an image nor a video that FFmpeg reads; name another file")
    return capture
