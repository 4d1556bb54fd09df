"""
`detectscale results`: what came out, as JSON lines.
"""

import json
from collections.abc import Mapping
from typing import Any

from detectscale.service import stop_on_signals
from detectscale.settings import Settings
from frames.errors import DetectscaleError
from frames.projection import describe
from frames.results import Results, follow


class NoResultError(DetectscaleError):
    """There is no such result (yet)."""


def show_results(
    settings: Settings, follow_on: bool, frame: str | None, camera: str | None, label: str | None
) -> None:
    """
    Print one result, the newest of each camera, or with *follow_on* all outcomes as they come
    (with *label*, those that have such an object).

    Raises:
        NoResultError: The frame or the camera has none (yet). UnavailableError: Redis or Kafka is away.
    """
    if follow_on:
        _follow(settings, frame, camera, label)
        return
    stored = Results(settings.redis)
    if frame is not None:
        _show(stored.by_frame(frame), f"frame {frame}: no outcome yet, or it is older than redis.frame_ttl_s")
    elif camera is not None:
        _show(
            stored.latest(camera),
            f"camera {camera}: no result yet; see `detectscale results` for the cameras",
        )
    else:
        for name in stored.cameras():
            newest = stored.latest(name)
            if newest is not None:
                _print(newest)


def _follow(settings: Settings, frame: str | None, camera: str | None, label: str | None) -> None:
    stop = stop_on_signals()
    for outcome in follow(settings.kafka, settings.topics, from_beginning=False, stop=stop):
        described = describe(outcome)
        wanted = frame in (None, described.get("frame_id")) and camera in (None, described.get("camera"))
        if wanted and (label is None or label in _labels(described)):
            _print(described)


def _labels(described: Mapping[str, Any]) -> set[str]:
    return {found["label"] for found in described.get("detections", ())}


def _show(result: Mapping[str, Any] | None, otherwise: str) -> None:
    if result is None:
        raise NoResultError(otherwise)
    _print(result)


def _print(result: Mapping[str, Any]) -> None:
    print(json.dumps(result), flush=True)
