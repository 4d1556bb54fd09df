"""
Sources of frames, opened by the word a person writes on the command line.

    store, store:SEED        the drawn store (`frames.store`), another one for each seed
    FOLDER                   its images, in the order of their names
    FILE                     an image, or a video that FFmpeg reads
    rtsp://…, http://…       a camera on the network
    /dev/video0              a camera of this machine
"""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from frames.errors import ConfigError
from frames.image import FORMATS
from frames.sources.develop import Develop, as_jpeg
from frames.sources.replay import Replay, folder_pictures, store_pictures, video_fps, video_pictures
from frames.sources.source import Captured, Clock, Source, WallClock, captured
from frames.sources.stream import Capture, Stream, open_device, open_url, redacted

__all__ = ["Captured", "Clock", "Source", "WallClock", "captured", "open_source"]

DEFAULT_FPS = 5.0
STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")
DEVICES = "/dev/video"
PLAIN = as_jpeg()


def open_source(
    spec: str,
    *,
    camera: str | None = None,
    fps: float | None = None,
    limit: int | None = None,
    loop: bool = False,
    as_is: bool = False,
    develop: Develop = PLAIN,
    on_gap: Callable[[float], None] = lambda seconds: None,
) -> Source:
    """
    Open the source that *spec* names.

    Args:
        camera: Id of the camera; None: made from *spec*.
        fps: Frames per second; None: a video's or a stream's own rate, 5 for the others.
        limit: End after so many frames; None: with the source.
        loop: Start a folder or a video again after its end.
        as_is: Send files unread, broken ones too.
        develop: Makes of a picture what is sent.
        on_gap: Told when a live camera is back how many seconds it was away.

    Raises:
        ConfigError: There is no such source; the message names the way out.
    """
    if fps is not None and not 0 < fps <= 1000:
        raise ConfigError(f"--fps: must be above 0 and at most 1000, got {fps:g}")
    if spec == "store" or spec.startswith("store:"):
        seed = _seed(spec)
        rate = fps or DEFAULT_FPS
        return Replay(camera or f"store-{seed}", partial(store_pictures, seed, rate), rate, develop, limit)
    if "://" in spec or spec.startswith(DEVICES):
        rng = random.Random()  # noqa: S311  # spreads reconnects, guards nothing
        name, address, connect = _live(spec)
        return Stream(camera or name, address, connect, fps, limit, develop, rng, on_gap)
    files = _files(Path(spec))
    name = camera or Path(spec).resolve().stem
    if as_is or Path(spec).is_dir() or _is_image(files[0]):
        pictures = partial(folder_pictures, files, as_is)
        return Replay(name, pictures, fps or DEFAULT_FPS, develop, limit, loop)
    own_fps = video_fps(files[0])
    rate = min(fps or own_fps, own_fps)
    return Replay(name, partial(video_pictures, files[0], own_fps, rate), rate, develop, limit, loop)


def _live(spec: str) -> tuple[str, str, Callable[[], Capture]]:
    """A camera's name, its address as it may be shown, and how to open it."""
    if spec.startswith(DEVICES):
        return Path(spec).name, spec, partial(open_device, spec)
    return str(_stream_url(spec).hostname), redacted(spec), partial(open_url, spec)


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
        shown = "…" if "@" in str(path) else path  # an address without its scheme, maybe, and its password
        raise ConfigError(f"{shown}: no such file or folder; name one, or `store`, or rtsp://…")
    files = sorted(child for child in path.iterdir() if child.is_file()) if path.is_dir() else [path]
    if not files:
        raise ConfigError(f"{path}: the folder is empty; put images into it or name another")
    return files


def _is_image(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(8).startswith(tuple(FORMATS))
