"""
The calls of a client: what is asked, in which order, and what the answers mean.

A picture is posted with an Idempotency-Key that is made once, so that it may be posted again after a lost
answer: the gateway finds the same frame. Results are waited for in short turns, so that a
connection which died in silence costs one turn.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from detectscale.client.answers import Detected, FrameResult, Pending, cameras_of, state_of
from detectscale.client.client_errors import BadAnswerError, PendingError, RefusedError
from detectscale.client.exchange import Ask, Call, asking
from frames.event import FRAME_TYPE

TURN_S = 10.0
"""The longest wait asked for in one request; a gateway may end it sooner (`gateway.max_wait_s`)."""
ANSWER_S = 20.0
"""And so long the answer may then take; a gateway gives the broker 10 s for a frame."""
EARLY_S = 0.5
"""Who answers "pending" before the turn is over is about to stop: it is left in peace for a moment."""
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Picture:
    """One to be posted."""

    image: bytes
    """JPEG or PNG."""
    camera: str
    captured_at: float | None
    """Seconds since the epoch; None: when it comes to the gateway."""
    key: str
    """The Idempotency-Key."""

    def ask(self, path: str, wait_s: float | None = None) -> Ask:
        """The request that posts it to *path*: the image alone, or with its instant as a CloudEvent."""
        media_type = "image/png" if self.image.startswith(PNG) else "image/jpeg"
        headers = {"content-type": media_type, "idempotency-key": self.key}
        params = {} if wait_s is None else {"wait": _turn(wait_s)}
        if self.captured_at is None:
            params["camera"] = self.camera
        else:
            headers |= {
                "ce-specversion": "1.0",
                "ce-type": FRAME_TYPE,
                "ce-id": quote(self.key),
                "ce-source": f"/cameras/{quote(quote(self.camera))}",  # a URI, in a header
                "ce-partitionkey": quote(self.camera),
                "ce-time": _rfc3339(self.captured_at),
            }
        return Ask("POST", path, params, headers, self.image, within_s=ANSWER_S + (wait_s or 0.0))


def publishing(picture: Picture, now: float, until: float, rng: random.Random) -> Call[str]:
    """Post a picture; its id, once the broker has it. Errors as `asking`."""
    reply = yield from asking(lambda at: picture.ask("/v1/frames"), now, until, rng)
    return state_of(reply.body, reply.url).id


def detecting(picture: Picture, now: float, until: float, rng: random.Random) -> Call[FrameResult]:
    """Post a picture and wait for its outcome; errors as `asking` and `waiting`."""
    reply = yield from asking(
        lambda at: picture.ask("/v1/detect", min(TURN_S, max(0.0, until - at))), now, until, rng
    )
    state = state_of(reply.body, reply.url)
    if isinstance(state, Pending):
        return (yield from waiting(state.id, reply.at, until, rng))
    return state


def waiting(frame_id: str, now: float, until: float, rng: random.Random) -> Call[FrameResult]:
    """
    Wait for the outcome of a frame.

    Raises:
        PendingError: It has none at *until*.
    """
    look = _look(f"/v1/frames/{_segment(frame_id)}", until)
    after_s = 0.0
    while True:
        reply = yield from asking(look, now, until, rng, after_s)
        state = state_of(reply.body, reply.url)
        if not isinstance(state, Pending):
            return state
        if reply.at >= until:
            raise PendingError(f"frame {frame_id}: no outcome yet; wait for it again", frame_id)
        early = reply.at - now < TURN_S - EARLY_S
        after_s = min(EARLY_S, until - reply.at) if early else 0.0
        now = reply.at


def finding_latest(camera: str, now: float, until: float, rng: random.Random) -> Call[Detected | None]:
    """The newest result of a camera; None: there is none (yet). Errors as `asking`."""
    path = f"/v1/cameras/{_segment(camera)}/latest"
    try:
        reply = yield from asking(lambda at: Ask("GET", path), now, until, rng)
    except RefusedError as error:
        if error.reason == "not-found":
            return None
        raise
    state = state_of(reply.body, reply.url)
    if not isinstance(state, Detected):
        raise BadAnswerError(f"{reply.url}: {state.status}, where only detected can be; check the address")
    return state


def finding_cameras(now: float, until: float, rng: random.Random) -> Call[list[str]]:
    """The cameras that have results, the one with the newest first. Errors as `asking`."""
    reply = yield from asking(lambda at: Ask("GET", "/v1/cameras"), now, until, rng)
    return cameras_of(reply.body, reply.url)


def _look(path: str, until: float) -> Callable[[float], Ask]:
    def look(at: float) -> Ask:
        wait_s = min(TURN_S, max(0.0, until - at))
        return Ask("GET", path, {"wait": _turn(wait_s)}, within_s=ANSWER_S + wait_s)

    return look


def _turn(wait_s: float) -> str:
    return f"{wait_s:.3f}"


def _rfc3339(at: float) -> str:
    """
    >>> _rfc3339(1764000000.25)
    '2025-11-24T16:00:00.250000+00:00'
    """
    return datetime.fromtimestamp(at, UTC).isoformat()


def _segment(text: str) -> str:
    """
    *text* as one segment of a path, dots too: `..` would be a step upwards.

    >>> _segment("../shop 1")
    '%2E%2E%2Fshop%201'
    """
    return quote(text, safe="").replace(".", "%2E")
