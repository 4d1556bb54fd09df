"""
Following the outcomes as they come: what a stream's events mean, and when to come back after it broke.
"""

import logging
import math
import random
from dataclasses import dataclass

from httpx_sse import ServerSentEvent
from pydantic import TypeAdapter, ValidationError

from detectscale.client.answers import FrameResult, Pending, state_of, strange
from detectscale.client.client_errors import GatewayUnavailableError
from detectscale.client.exchange import pause_s
from frames.errors import DetectscaleError

log = logging.getLogger(__name__)

PATH = "/v1/stream"
SILENT_S = 45.0
"""A gateway says something every 15 s; after so long it is gone."""
STOOD_S = 10.0
"""A stream that stood so long had begun well: the next failure is the first again."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Outcomes that this stream has missed."""

    count: int | None
    """The reader was too slow for so many; None: the connection was away, and nobody counted."""


def wanted(camera: str | None, label: str | None) -> dict[str, str]:
    """The query of a stream."""
    return {name: value for name, value in (("camera", camera), ("label", label)) if value is not None}


def told(event: ServerSentEvent, url: str) -> FrameResult | Lost | None:
    """What an event says; None: nothing that this client knows of. BadAnswerError: it makes no sense."""
    if event.event == "lost":
        try:
            return _LOST.validate_json(event.data)
        except ValidationError as error:
            raise strange(url, error) from error
    if event.event in ("detected", "expired", "dead"):
        state = state_of(event.data, url)
        return None if isinstance(state, Pending) else state
    return None


class Returns:
    """
    When to come back to a stream: for the first time within *retry_s*, later for as long as it takes.

    Instants are seconds on the client's clock.
    """

    def __init__(self, now: float, retry_s: float, rng: random.Random) -> None:
        self._until = now + retry_s
        self._rng = rng
        self._opened_at: float | None = None
        self._stood_before = False
        self._failures = 0

    def opened(self, at: float) -> bool:
        """The stream stands; whether it did so before, so that something may have been missed."""
        self._opened_at = at
        self._until = math.inf
        missed, self._stood_before = self._stood_before, True
        return missed

    def pause_s(self, error: DetectscaleError, at: float) -> float:
        """Seconds to wait after *error*, or raise it: coming back would not help, or it is too late."""
        if self._opened_at is not None:
            log.warning("%s; following again as soon as it is back", error)
            if at - self._opened_at > STOOD_S:
                self._failures = 0
            self._opened_at = None
        pause = pause_s(error, self._failures, at, self._until, self._rng)
        self._failures += 1
        return pause


def ended(url: str) -> GatewayUnavailableError:
    """The error for a stream that the gateway has ended, as it does when it stops."""
    return GatewayUnavailableError(f"{url}: the stream has ended")


_LOST = TypeAdapter(Lost)
