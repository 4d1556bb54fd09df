"""
The client for code with threads, or with one.
"""

import random
import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

import httpx
from httpx_sse import EventSource

from detectscale.client.answers import Detected, FrameResult
from detectscale.client.calls import detecting, finding_cameras, finding_latest, publishing, waiting
from detectscale.client.connection import address, begins_stream, bound, options, reply, request, unreachable
from detectscale.client.exchange import Answer, Ask, Call, NoReply, error_of
from detectscale.client.picture import Image, picture
from detectscale.client.stream import PATH, Lost, Returns, ended, told, wanted
from frames.errors import DetectscaleError

T = TypeVar("T")


class Client:
    """
    Asks a gateway. Thread-safe; close it, or use it in a `with` block.

    What passes (no connection, 429, 502, 503, 504) is tried again until a call's time is over, with a pause
    that grows, or as long as the gateway says. Posting again after a lost answer finds the same frame.

    Args:
        url: The gateway's, such as `http://localhost:8080`.
        key: An API key; None: the gateway has none, and runs on this machine.
        retry_s: How long the calls without a `timeout_s` try, in seconds; an attempt that has begun may
            take longer.
        transport: Of httpx, in place of the usual one: for proxies and certificates of your own.

    Raises:
        ConfigError: The address or the key cannot be one. The methods raise it for a certificate that is
            not trusted, and else what `client_errors` lists.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        retry_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(**options(url, key), transport=transport)
        self._retry_s = retry_s
        self._rng = random.SystemRandom()

    def publish(
        self,
        image: Image,
        camera: str,
        *,
        captured_at: float | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """
        Send a picture; return its id once the broker has it.

        Args:
            image: The bytes of a JPEG or PNG, or the file that holds them.
            captured_at: Seconds since the epoch; None: when it comes to the gateway.
            idempotency_key: The same key gives the same frame, for a day; None: one of its own, so that
                only the attempts of this call find the same frame.
        """
        sent = picture(image, camera, captured_at, idempotency_key)
        return self._run(partial(publishing, sent), self._retry_s)

    def wait(self, frame_id: str, *, timeout_s: float = 60.0) -> FrameResult:
        """Return the outcome of a frame; PendingError if it has none after *timeout_s* seconds."""
        return self._run(partial(waiting, frame_id), timeout_s)

    def detect(
        self,
        image: Image,
        camera: str,
        *,
        timeout_s: float = 60.0,
        captured_at: float | None = None,
        idempotency_key: str | None = None,
    ) -> FrameResult:
        """
        Send a picture and return its outcome: `publish` and `wait` in one.

        Raises:
            PendingError: It has none after *timeout_s* seconds, and may get one yet: `wait` for its id.
        """
        sent = picture(image, camera, captured_at, idempotency_key)
        return self._run(partial(detecting, sent), timeout_s)

    def latest(self, camera: str) -> Detected | None:
        """Return the newest result of a camera; None: there is none (yet, or for a day)."""
        return self._run(partial(finding_latest, camera), self._retry_s)

    def cameras(self) -> list[str]:
        """Return the cameras that have results, the one with the newest first; at most 500."""
        return self._run(finding_cameras, self._retry_s)

    def follow(
        self, camera: str | None = None, label: str | None = None
    ) -> Generator[FrameResult | Lost, None, None]:
        """
        Yield outcomes as they come: all, those of a camera, or those with an object of this label.

        The stream is opened when the first one is asked for; if it breaks, it is opened again, for as long
        as that takes, and `Lost` says that there may have been more.
        """
        returns = Returns(time.monotonic(), self._retry_s, self._rng)
        sent = self._http.build_request("GET", PATH, params=wanted(camera, label))
        url = address(sent)
        while True:
            error: DetectscaleError
            try:
                with closing(self._http.send(sent, stream=True)) as response:
                    if begins_stream(response, time.monotonic):
                        if returns.opened(time.monotonic()):
                            yield Lost(None)
                        for event in EventSource(response).iter_sse():
                            if (outcome := told(event, url)) is not None:
                                yield outcome
                        error = ended(url)
                    else:
                        response.read()
                        error = error_of(reply(response, time.monotonic()))
            except httpx.TransportError as away:
                error = unreachable(away, url)
            time.sleep(returns.pause_s(error, time.monotonic()))

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, call: Callable[[float, float, random.Random], Call[T]], within_s: float) -> T:
        now = time.monotonic()
        steps = call(now, now + within_s, self._rng)
        ask = next(steps)
        while True:
            time.sleep(ask.after_s)
            answer = self._answer(ask)
            try:
                ask = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result

    def _answer(self, ask: Ask) -> Answer:
        sent = request(self._http, ask)
        try:
            with closing(self._http.send(sent, stream=True)) as response:
                bound(response, time.monotonic, ask.within_s)
                response.read()
        except httpx.TransportError as error:
            return NoReply(unreachable(error, address(sent)), time.monotonic())
        return reply(response, time.monotonic())
