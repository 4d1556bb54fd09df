"""
The frames of the demo, made before it starts: drawing or decoding them while the workers
detect would take the cores from both.
"""

import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

from frames.sources import WallClock, open_source
from frames.store import StoreCamera, Truth
from workers.training.dataset import HELD_OUT_CAMERAS

STORE = "shop255"
PLACES = ("door", "dairy", "bakery", "fruit", "drinks", "frozen", "till", "toys")
"""The ids of these eight cameras, `shop255.door` and so on, fall on eight different partitions of eight."""
STORE_FRAMES = 60
"""Of each camera."""
STORE_FPS = 5.0
MOST_FRAMES = 600
"""Of a source of the user's; more are not kept in memory."""
LIVE_S = 30.0
"""How long a live stream is recorded at most."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame of the reel."""

    camera: str
    image: bytes = field(repr=False)
    truth: tuple[Truth, ...] | None
    """What it shows; None: nobody knows."""


def record(source: str) -> Iterator[Shot]:
    """
    The frames of *source*, made one after the other.

    Raises:
        ConfigError: There is no such source.
    """
    return _draw_store() if source == "store" else _read(source)


def _draw_store() -> Iterator[Shot]:
    """All cameras in turn, as a shop sends them; drawn on all cores."""
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        cameras = list(pool.map(_draw_camera, PLACES, HELD_OUT_CAMERAS))
    yield from chain.from_iterable(zip(*cameras, strict=True))


def _draw_camera(place: str, seed: int) -> list[Shot]:
    camera = StoreCamera(seed)
    shots = []
    for n in range(STORE_FRAMES):
        image, truth = camera.jpeg(n / STORE_FPS)
        shots.append(Shot(f"{STORE}.{place}", image, tuple(truth)))
    return shots


def _read(source: str) -> Iterator[Shot]:
    """
    The first frames of a folder, a file or a stream, as fast as it gives them.

    They go to eight cameras in turn: one camera's frames stay on one partition, where only
    one worker could serve them.
    """
    live = threading.Event()
    timer = threading.Timer(LIVE_S, live.set)
    timer.daemon = True
    timer.start()
    try:
        for captured in open_source(source, limit=MOST_FRAMES).frames(_Hurry(live)):
            place = PLACES[captured.sequence % len(PLACES)]
            yield Shot(f"{captured.camera}.{place}", captured.image, None)
    finally:
        timer.cancel()


class _Hurry(WallClock):
    """A clock that makes a recording play at once; only a live stream takes its time."""

    def wait(self, seconds: float) -> bool:
        return super().wait(0.0)
