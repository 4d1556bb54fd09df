"""
Asking until there is an answer: which failures pass, and how long to wait before the next attempt.

A call is a generator that yields what to ask and is sent what came of it, so that the same code runs
under `Client` and `AsyncClient`, and in tests without either.

Sources: RFC 9110 §9.2.2 (what may be repeated), §10.2.3 (Retry-After).
"""

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TypeVar

from detectscale.client.answers import problem_of
from detectscale.client.client_errors import BadAnswerError, GatewayUnavailableError, RefusedError
from frames.backoff import delay_s
from frames.errors import DetectscaleError

T = TypeVar("T")

DONE = (HTTPStatus.OK, HTTPStatus.ACCEPTED)
PASSING = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
WAYS_OUT = {
    "unknown-key": "give the key that the gateway's operator made for you, as key= or in DETECTSCALE_KEY",
    "idempotency-key-reused": "a key stands for one picture of one camera: give another",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request, which may be repeated: a GET, or a POST with an Idempotency-Key."""

    method: str
    path: str
    """Percent-encoded."""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    within_s: float = 20.0
    """How long the answer may take."""
    after_s: float = 0.0
    """How much later to send it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    url: str
    status: int
    retry_after: str | None
    body: bytes
    at: float
    """Instant, seconds on the client's clock."""


@dataclass(frozen=True, slots=True)
class NoReply:
    """Nothing came back; what was asked may have been done all the same."""

    error: GatewayUnavailableError
    at: float


Answer = Reply | NoReply
Call = Generator[Ask, Answer, T]
"""What to ask, until the result is known."""


def asking(
    ask_at: Callable[[float], Ask], now: float, until: float, rng: random.Random, after_s: float = 0.0
) -> Call[Reply]:
    """
    Ask, and again after failures that pass, until there is an answer or the instant *until* has come.

    Args:
        ask_at: What to ask at an instant.
        after_s: The first time not before that much later.

    Raises:
        RefusedError, BadAnswerError: Asking again would not help.
        GatewayUnavailableError: It did not succeed in time.
    """
    failures = 0
    while True:
        answer = yield replace(ask_at(now + after_s), after_s=after_s)
        if isinstance(answer, Reply) and answer.status in DONE:
            return answer
        error = answer.error if isinstance(answer, NoReply) else error_of(answer)
        now = answer.at
        after_s = pause_s(error, failures, now, until, rng)
        failures += 1


def pause_s(error: DetectscaleError, failures: int, now: float, until: float, rng: random.Random) -> float:
    """
    Seconds until it is worth asking again after *error*, or raise it: it does not pass, or not in time.

    As long as the gateway wants, and beyond that a random while, so that those who were sent away
    together do not come back together; the last attempt is at *until*.

    >>> busy = GatewayUnavailableError("busy", "busy", retry_after_s=2.0)
    >>> round(pause_s(busy, 0, 100.0, 130.0, random.Random(7)), 2)
    2.17
    >>> pause_s(busy, 0, 128.0, 130.0, random.Random(7))
    Traceback (most recent call last):
    detectscale.client.client_errors.GatewayUnavailableError: busy
    """
    left_s = until - now
    if not isinstance(error, GatewayUnavailableError) or error.retry_after_s >= left_s:
        raise error
    return min(error.retry_after_s + delay_s(failures, rng), left_s)


def error_of(reply: Reply) -> DetectscaleError:
    """Why there is no result in *reply*."""
    problem = problem_of(reply.body)
    reason = problem.reason if problem else f"http-{reply.status}"
    detail = problem.detail if problem else _phrase(reply.status)
    message = f"{reply.url}: {detail[:500]} ({reason})"
    if reply.status in PASSING:
        seconds = _seconds(reply.retry_after)
        hint = f"; come again in {seconds:g} s" if seconds else "; come again later"
        return GatewayUnavailableError(message + hint, reason, seconds)
    if 400 <= reply.status < 500:
        hint = f"; {WAYS_OUT[reason]}" if reason in WAYS_OUT else ""
        return RefusedError(message + hint, reply.status, reason)
    return BadAnswerError(f"{message}; check the address, or ask the gateway's operator")


def _seconds(retry_after: str | None) -> float:
    """Of a Retry-After; 0 if there is none, or a date: that depends on two clocks and is hardly ever sent."""
    text = (retry_after or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0.0


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"
