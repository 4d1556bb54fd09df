"""
`detectscale publish --gateway` and `detectscale results --gateway`: the client on the command line.
"""

import json
import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from detectscale.client.answers import FrameResult
from detectscale.client.client_errors import PendingError, RefusedError
from detectscale.client.stream import Lost
from detectscale.client.sync_client import Client
from detectscale.show_results import NoResultError
from frames.codec import to_fields
from frames.errors import ConfigError

log = logging.getLogger(__name__)

WAIT_S = 300.0
"""How long `publish --wait` waits for one outcome: workers may have to start from zero."""


def publish_to_gateway(client: Client, files: Sequence[Path], camera: str, wait: bool) -> None:
    """
    Send *files* as frames of *camera*; print the id of each, or with *wait* its outcome.

    Raises:
        ConfigError: A file cannot be read, or the gateway refuses it; the others were sent.
        Others: See `client_errors`.
    """
    refused: list[str] = []
    sent: list[str] = []
    for file in files:
        try:
            sent.append(client.publish(file, camera))
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}; name files that can be read") from error
        except RefusedError as error:
            if error.reason == "unknown-key":
                raise
            refused.append(f"{file}: {error}")
        else:
            if not wait:
                print(sent[-1], flush=True)
    for frame_id in sent if wait else ():
        _print(client.wait(frame_id, timeout_s=WAIT_S))
    if refused:
        raise ConfigError(f"not sent: {'; '.join(refused)}")


def results_of_gateway(
    client: Client, follow_on: bool, frame: str | None, camera: str | None, label: str | None
) -> None:
    """
    Print one result, the newest of each camera, or with *follow_on* all outcomes until Ctrl-C.

    Raises:
        NoResultError: The frame or the camera has none (yet). Others: see `client_errors`.
    """
    if follow_on:
        _follow(client, frame, camera, label)
    elif frame is not None:
        try:
            _print(client.wait(frame, timeout_s=0.0))
        except PendingError as error:
            raise NoResultError(f"frame {frame}: no outcome yet") from error
    elif camera is not None:
        newest = client.latest(camera)
        if newest is None:
            raise NoResultError(f"camera {camera}: no result yet")
        _print(newest)
    else:
        for name in client.cameras():
            newest = client.latest(name)
            if newest is not None:
                _print(newest)


def _follow(client: Client, frame: str | None, camera: str | None, label: str | None) -> None:
    try:
        with closing(client.follow(camera, label)) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, Lost):
                    log.warning("missed %s outcomes", outcome.count or "an unknown number of")
                elif frame in (None, outcome.id):
                    _print(outcome)
    except KeyboardInterrupt:
        log.info("results: stopped")


def _print(result: FrameResult) -> None:
    """One line, with the names that `detectscale results` without a gateway has."""
    fields: dict[str, Any] = to_fields(result, exclude=_unsaid(result))
    named = {"kind": fields.pop("status"), "frame_id": fields.pop("id")} | fields
    print(json.dumps(named), flush=True)


def _unsaid(result: FrameResult) -> set[str]:
    """Fields that the other way has only where they say something."""
    whole = getattr(result, "detections_left_out", None) is None
    return {"detections_left_out"} if whole else set()
