"""
The client for asyncio: the methods of `Client`, awaited.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
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


class AsyncClient:
    """
    Asks a gateway, from one event loop; close it, or use it in an `async with` block.

    Arguments, errors and what each method does are those of `Client`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        retry_s: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(**options(url, key), transport=transport)
        self._retry_s = retry_s
        self._rng = random.SystemRandom()

    async def publish(
        self,
        image: Image,
        camera: str,
        *,
        captured_at: float | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Send a picture; return its id once the broker has it."""
        sent = await asyncio.to_thread(picture, image, camera, captured_at, idempotency_key)
        return await self._run(partial(publishing, sent), self._retry_s)

    async def wait(self, frame_id: str, *, timeout_s: float = 60.0) -> FrameResult:
        """Return the outcome of a frame; PendingError if it has none after *timeout_s* seconds."""
        return await self._run(partial(waiting, frame_id), timeout_s)

    async def detect(
        self,
        image: Image,
        camera: str,
        *,
        timeout_s: float = 60.0,
        captured_at: float | None = None,
        idempotency_key: str | None = None,
    ) -> FrameResult:
        """Send a picture and return its outcome: `publish` and `wait` in one."""
        sent = await asyncio.to_thread(picture, image, camera, captured_at, idempotency_key)
        return await self._run(partial(detecting, sent), timeout_s)

    async def latest(self, camera: str) -> Detected | None:
        """Return the newest result of a camera; None: there is none (yet, or for a day)."""
        return await self._run(partial(finding_latest, camera), self._retry_s)

    async def cameras(self) -> list[str]:
        """Return the cameras that have results, the one with the newest first; at most 500."""
        return await self._run(finding_cameras, self._retry_s)

    async def follow(
        self, camera: str | None = None, label: str | None = None
    ) -> AsyncGenerator[FrameResult | Lost, None]:
        """Yield outcomes as they come; who leaves the loop early does so in `contextlib.aclosing`."""
        returns = Returns(time.monotonic(), self._retry_s, self._rng)
        sent = self._http.build_request("GET", PATH, params=wanted(camera, label))
        url = address(sent)
        while True:
            error: DetectscaleError
            try:
                async with aclosing(await self._http.send(sent, stream=True)) as response:
                    if begins_stream(response, time.monotonic):
                        if returns.opened(time.monotonic()):
                            yield Lost(None)
                        async with aclosing(EventSource(response).aiter_sse()) as events:
                            async for event in events:
                                if (outcome := told(event, url)) is not None:
                                    yield outcome
                        error = ended(url)
                    else:
                        await response.aread()
                        error = error_of(reply(response, time.monotonic()))
            except httpx.TransportError as away:
                error = unreachable(away, url)
            await asyncio.sleep(returns.pause_s(error, time.monotonic()))

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _run(self, call: Callable[[float, float, random.Random], Call[T]], within_s: float) -> T:
        now = time.monotonic()
        steps = call(now, now + within_s, self._rng)
        ask = next(steps)
        while True:
            await asyncio.sleep(ask.after_s)
            answer = await self._answer(ask)
            try:
                ask = steps.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result

    async def _answer(self, ask: Ask) -> Answer:
        sent = request(self._http, ask)
        try:
            async with aclosing(await self._http.send(sent, stream=True)) as response:
                bound(response, time.monotonic, ask.within_s)
                await response.aread()
        except httpx.TransportError as error:
            return NoReply(unreachable(error, address(sent)), time.monotonic())
        return reply(response, time.monotonic())
