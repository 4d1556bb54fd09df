"""
Sources of frames, opened by the word a person writes on the command line.

    store, store:SEED        the drawn store (`frames.store`), another one for each seed
    FOLDER                   its images, in the order of their names
    FILE                     an image, or a video that FFmpeg reads
    rtsp://…, http://…       a camera on the network
"""

import random
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from frames.errors import ConfigError
from frames.image import FORMATS
from frames.sources.replay import Replay, folder_pictures, store_pictures, video_fps, video_pictures
from frames.sources.source import Captured, Clock, Source, WallClock, captured
from frames.sources.stream import Stream

__all__ = ["Captured", "Clock", "Source", "WallClock", "captured", "open_source"]

DEFAULT_FPS = 5.0
STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")


def open_source(
    spec: str,
    *,
    camera: str | None = None,
    fps: float | None = None,
    limit: int | None = None,
    loop: bool = False,
    quality: int = 85,
    as_is: bool = False,
) -> Source:
    """
    Open the source that *spec* names.

    Args:
        camera: Id of the camera; None: made from *spec*.
        fps: Frames per second; None: a video's or a stream's own rate, 5 for the others.
        limit: End after so many frames; None: with the source.
        loop: Start a folder or a video again after its end.
        quality: Of the JPEGs that are made here, 1 to 100.
        as_is: Send files unread, broken ones too.

    Raises:
        ConfigError: There is no such source; the message names the way out.
    """
    if fps is not None and not 0 < fps <= 1000:
        raise ConfigError(f"--fps: must be above 0 and at most 1000, got {fps:g}")
    if spec == "store" or spec.startswith("store:"):
        seed = _seed(spec)
        rate = fps or DEFAULT_FPS
        return Replay(camera or f"store-{seed}", partial(store_pictures, seed, rate, quality), rate, limit)
    if "://" in spec:
        url = _stream_url(spec)
        rng = random.Random()  # noqa: S311  # spreads reconnects, guards nothing
        return Stream(camera or str(url.hostname), SecretStr(spec), fps, limit, quality, rng)
    files = _files(Path(spec))
    name = camera or Path(spec).resolve().stem
    if as_is or Path(spec).is_dir() or _is_image(files[0]):
        return Replay(name, partial(folder_pictures, files, quality, as_is), fps or DEFAULT_FPS, limit, loop)
    own_fps = video_fps(files[0])
    rate = min(fps or own_fps, own_fps)
    return Replay(name, partial(video_pictures, files[0], own_fps, rate, quality), rate, limit, loop)


def _seed(spec: str) -> int:
    seed = spec.removeprefix("store").removeprefix(":") or "0"
    if not (seed.isascii() and seed.isdecimal()):
        raise ConfigError(f"{spec}: the seed of a store must be a whole number, got {seed!r}; try store:7")
    return int(seed)


def _stream_url(spec: str) -> SplitResult:
    """The parts of an address; no message repeats it, since it may hold a password."""
    scheme = spec.partition("://")[0]
    try:
        url = urlsplit(spec)
    except ValueError as error:
        raise ConfigError(f"{scheme}://…: the address is malformed") from error
    if scheme not in STREAM_SCHEMES or not url.hostname:
        raise ConfigError(f"{scheme}://…: must begin with one of {', '.join(STREAM_SCHEMES)} and name a host")
    if "@" in url.path + url.query + url.fragment:
        raise ConfigError(f"{scheme}://…: write @ / ? # within user and password as %40 %2F %3F %23")
    return url


def _files(path: Path) -> list[Path]:
    """The file itself, or the files in the folder by name; at least one."""
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder; name one, or `store`, or rtsp://…")
    files = sorted(child for child in path.iterdir() if child.is_file()) if path.is_dir() else [path]
    if not files:
        raise ConfigError(f"{path}: the folder is empty; put images into it or name another")
    return files


def _is_image(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(8).startswith(tuple(FORMATS))
