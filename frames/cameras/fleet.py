"""
Many cameras, each on a thread of its own, as the cameras file has them at the moment.

A thread is enough for a camera: decoding, motion and encoding happen in OpenCV, which releases
the interpreter's lock.
"""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frames.backoff import delay_s
from frames.cameras.camera_settings import CameraSettings
from frames.cameras.darkroom import Blur, Darkroom
from frames.cameras.tally import Tally
from frames.errors import ConfigError
from frames.sources import Captured, Source, WallClock, open_source
from frames.sources.stream import TIMEOUT_MS

log = logging.getLogger(__name__)

LEAVE_S = TIMEOUT_MS / 1000 + 1.0
"""A thread may be waiting for a camera that says nothing."""


@dataclass(frozen=True, slots=True)
class Running:
    """A camera's thread."""

    settings: CameraSettings
    stop: threading.Event
    thread: threading.Thread


class Fleet:
    """Cameras that run; only the thread that made it may call."""

    def __init__(
        self,
        put: Callable[[Captured], None],
        tally: Callable[[str], Tally],
        blur: Callable[[], Blur],
        limit: int | None,
    ) -> None:
        """
        Args:
            put: Takes the frames, from any thread.
            tally: Of a camera by its name.
            blur: Makes what blurs the faces of one camera.
            limit: A camera ends after so many frames; None: with its source.
        """
        self._put = put
        self._tally = tally
        self._blur = blur
        self._limit = limit
        self._running: dict[str, Running] = {}
        self.broken: dict[str, ConfigError] = {}
        """Why cameras ended that should not have, by name."""

    @property
    def names(self) -> list[str]:
        """The cameras that run."""
        return [name for name, camera in self._running.items() if camera.thread.is_alive()]

    def apply(self, wanted: Mapping[str, CameraSettings]) -> None:
        """Start the cameras that are new, stop those that are gone, start the changed ones anew."""
        changed = {name for name, camera in self._running.items() if wanted.get(name) != camera.settings}
        self._stop(changed)
        for name, settings in wanted.items():
            if name not in self._running:
                self._running[name] = self._start(name, settings)

    def close(self) -> None:
        """Stop all."""
        self._stop(set(self._running))

    def _start(self, name: str, settings: CameraSettings) -> Running:
        stop = threading.Event()
        self.broken.pop(name, None)
        arguments = name, settings, self._tally(name), stop
        thread = threading.Thread(target=self._run, args=arguments, name=name, daemon=True)
        thread.start()
        return Running(settings, stop, thread)

    def _stop(self, names: set[str]) -> None:
        """All at once: each may take seconds."""
        going = [self._running.pop(name) for name in names]
        for camera in going:
            camera.stop.set()
        for camera in going:
            camera.thread.join(LEAVE_S)

    def _run(self, name: str, settings: CameraSettings, tally: Tally, stop: threading.Event) -> None:
        attempt = 0
        clock = WallClock(stop)
        rng = random.Random()  # noqa: S311  # spreads attempts, guards nothing
        while not stop.is_set():
            try:
                for captured in self._open(name, settings, tally).frames(clock):
                    self._put(captured)
                return
            except ConfigError as error:
                log.error("camera %s: ended: %s", name, error)
                self.broken[name] = error
                return
            except Exception:
                log.exception("camera %s: starts again", name)
                clock.wait(delay_s(attempt, rng))
                attempt += 1

    def _open(self, name: str, settings: CameraSettings, tally: Tally) -> Source:
        blur = self._blur() if settings.blur_faces else None
        return open_source(
            settings.source.get_secret_value(),
            camera=name,
            fps=settings.fps,
            limit=self._limit,
            loop=settings.loop,
            develop=Darkroom(name, settings, tally, blur),
            on_gap=tally.gap,
        )
