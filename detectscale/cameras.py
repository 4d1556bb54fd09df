"""
`detectscale camera`: one camera, or all of a cameras file, into Kafka until told to stop.
"""

import logging
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from detectscale.people import PeopleFinder
from detectscale.service import stop_on_signals
from detectscale.settings import Settings
from frames.cameras.camera_metrics import exposition
from frames.cameras.camera_settings import CameraSettings
from frames.cameras.cameras_file import read_cameras
from frames.cameras.fleet import Fleet
from frames.cameras.heads import HeadBlur
from frames.cameras.outbox import Outbox
from frames.cameras.tally import Outcome, Tally
from frames.errors import UnavailableError
from frames.health import serve
from frames.publisher import OnAcknowledged, OnFailed, Publisher, PublisherSettings, largest_image_bytes
from frames.sources import open_source
from frames.topics import create_topics
from frames.trace_settings import start_tracing
from frames.watched_files import WatchedFiles

log = logging.getLogger(__name__)

SERVICE = "detectscale-camera"
"""What spans say of their origin."""
LOOK_S = 0.5
"""How often the cameras file is looked at."""
PROGRESS_S = 5.0
FLUSH_S = 10.0
SILENT_S = 15.0
"""No camera has given a picture for so long: this process is not ready."""

Cameras = Callable[[], Mapping[str, CameraSettings]]
"""Those that are wanted at present, by name."""


def publish_camera(
    settings: Settings,
    source: str,
    name: str | None,
    limit: int | None,
    cache_dir: Path,
    http_port: int | None,
) -> None:
    """
    Publish the frames of *source* as camera *name*, at its own rate, until it ends or a signal comes.

    Raises:
        ConfigError: There is no such source. UnavailableError: The broker did not take all frames.
    """
    camera = open_source(source, camera=name).camera
    cameras = {camera: CameraSettings(source=SecretStr(source))}
    _publish(settings, lambda: cameras, limit, PeopleFinder(settings.model, cache_dir), http_port)


def publish_cameras(
    settings: Settings, file: Path, limit: int | None, cache_dir: Path, http_port: int | None
) -> None:
    """
    Publish the frames of all cameras in *file*, as it is at any moment, until all end or a signal comes.

    Raises:
        ConfigError: The file cannot be used. UnavailableError: The broker did not take all frames.
    """
    people = PeopleFinder(settings.model, cache_dir)

    def read() -> dict[str, CameraSettings]:
        cameras = read_cameras(file, os.environ)
        if any(camera.blur_faces for camera in cameras.values()):
            people.open()  # a model that cannot be used is said before the file is
        return cameras

    _publish(settings, WatchedFiles([str(file)], read).current, limit, people, http_port)


def _publish(
    settings: Settings, cameras: Cameras, limit: int | None, people: PeopleFinder, http_port: int | None
) -> None:
    stop = stop_on_signals()
    _silence_opencv()
    create_topics(settings.kafka, settings.topics, needed=[settings.topics.frames])
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    outbox = Outbox(
        settings.publisher,
        largest_image_bytes(settings.claim_checks),
        partial(_publisher, settings),
        tallies.__getitem__,
    )
    fleet = Fleet(outbox.put, tallies.__getitem__, lambda: HeadBlur(people), limit)
    pages = None
    if http_port is not None:
        pages = serve(
            settings.worker.http_host,
            http_port,
            exposition=lambda: exposition(
                {name: tallies[name] for name in (*fleet.names, *fleet.broken)}, outbox.held_bytes
            ),
            alive=lambda: None,
            ready=lambda: _unready(tallies, time.time()),
            setting="--http-port",
        )
    try:
        _run(fleet, cameras, tallies, stop)
    finally:
        fleet.close()
        outbox.close(FLUSH_S)
        if pages is not None:
            pages.close()
        for name, tally in tallies.items():
            print(f"camera {name}: {tally}", file=sys.stderr)
    for error in fleet.broken.values():
        raise error
    failed = sum(tally.ends[Outcome.FAILED] for tally in tallies.values())
    if failed:
        raise UnavailableError(f"{failed} frames were not taken by the broker ({outbox.why_failed})")


def _run(fleet: Fleet, cameras: Cameras, tallies: Mapping[str, Tally], stop: threading.Event) -> None:
    """Keep the cameras that are wanted running, and tell how they do."""
    fleet.apply(cameras())
    shown_at = time.monotonic()
    while fleet.names and not stop.wait(LOOK_S):
        fleet.apply(cameras())
        if time.monotonic() - shown_at > PROGRESS_S:
            shown_at = time.monotonic()
            for name in fleet.names:
                log.info("camera %s: %s", name, tallies[name])


def _silence_opencv() -> None:
    """It and FFmpeg have two lines for each attempt to open a camera that is away; we have one for all."""
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; there is no call for it


def _publisher(
    settings: Settings, buffering: PublisherSettings, on_acknowledged: OnAcknowledged, on_failed: OnFailed
) -> Publisher:
    return Publisher(
        settings.kafka,
        settings.topics,
        buffering,
        claim_checks=settings.claim_checks,
        on_acknowledged=on_acknowledged,
        on_failed=on_failed,
        tracing=start_tracing(settings.traces, SERVICE, os.uname().nodename),
    )


def _unready(tallies: Mapping[str, Tally], now: float) -> str | None:
    """What is wrong, if no camera sees anything."""
    seen = [tally.captured_at for tally in list(tallies.values()) if tally.captured_at is not None]
    if not seen:
        return "no camera has given a picture yet"
    silent_s = now - max(seen)
    return f"no camera has given a picture for {silent_s:.0f} s" if silent_s > SILENT_S else None
