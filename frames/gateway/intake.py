"""
From a frame event to the broker's acknowledgement, awaited.

The publisher sends, from a buffer that is bounded in bytes, and Kafka's client acknowledges on its own
thread, which only tells the event loop. A frame that is posted again while it is under way is not sent
again: both requests wait for the same acknowledgement.

An image too large for a record is first written to the storage of large frames, aside: a storage that
stalls holds up those few that wait for it, and no frame behind them.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from frames.errors import UnavailableError
from frames.event import Frame
from frames.gateway.aside import Aside
from frames.gateway.problem import ProblemError, Reason
from frames.outcome import RecordId
from frames.publisher import MAX_IMAGE_BYTES, Acceptance, OnAcknowledged, OnFailed, Publisher

REMEMBERED = 20_000
"""Ids of frames accepted last: about these the gateway needs nobody's answer."""
LARGE_AT_ONCE = 4
"""Large images being written, each with `claim_checks.max_bytes` at most."""

Publishing = Callable[[OnAcknowledged, OnFailed], Publisher]
"""Opens the publisher that calls these two back."""
Put = Callable[[bytes], str]
"""Writes a large image and returns its dataref; StorageError: it was not written."""


class Intake:
    """
    Sends frames; belongs to the event loop it is made in.

    Args:
        timeout_s: How long an acknowledgement may take, and the writing of a large image.
    """

    def __init__(self, publishing: Publishing, put: Put, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._put = put
        self._timeout_s = timeout_s
        self._large = Aside("writing a large image", LARGE_AT_ONCE, timeout_s)
        self._under_way: dict[str, asyncio.Future[str | None]] = {}
        self._accepted: OrderedDict[str, None] = OrderedDict()
        self._publisher = publishing(self._acknowledged, self._failed)

    async def send(self, frame: Frame) -> None:
        """
        Send *frame*, and return when the broker has it.

        Raises:
            ProblemError: 503, the buffer is full, the storage of large images does not work, or the
                broker did not acknowledge in time, and may still; 413, it is too large.
        """
        waiting = self._under_way.get(frame.id)
        if waiting is None:
            waiting = self._under_way[frame.id] = self._loop.create_future()
            try:
                _require(self._publisher.send(await self._checked_in(frame)))
            except BaseException:
                self._settle(frame.id, "it was not sent")
                raise
        try:
            async with asyncio.timeout(self._timeout_s):
                why = await asyncio.shield(waiting)
        except TimeoutError:
            why = f"the broker has not acknowledged it within {self._timeout_s:g} s"
        if why is not None:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                Reason.UNAVAILABLE,
                f"{why}; send it again with the same Idempotency-Key",
                2.0,
            )

    def accepted(self, frame_id: str) -> bool:
        """Whether this was acknowledged here, not long ago."""
        return frame_id in self._accepted

    @property
    def under_way(self) -> int:
        """Frames not yet acknowledged."""
        return len(self._under_way)

    @property
    def large_under_way(self) -> int:
        """Large images being written, those of which nobody waits any more among them."""
        return self._large.under_way

    async def close(self, timeout_s: float) -> None:
        """Wait for what is under way; nothing may be sent any more."""
        await asyncio.to_thread(self._publisher.close, timeout_s)

    async def _checked_in(self, frame: Frame) -> Frame:
        """*frame* as it travels: with its image, or with the place where that lies now."""
        if len(frame.image) <= MAX_IMAGE_BYTES:
            return frame
        try:
            dataref = await self._large.run(partial(self._put, frame.image))
        except UnavailableError as error:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                Reason.UNAVAILABLE,
                "the storage of large images does not work; send it again with the same Idempotency-Key",
                2.0,
            ) from error
        return replace(frame, image=b"", dataref=dataref)

    def _acknowledged(self, frame: Frame, record: RecordId, at: float) -> None:
        self._loop.call_soon_threadsafe(self._settle, frame.id, None)

    def _failed(self, frame: Frame, why: str) -> None:
        self._loop.call_soon_threadsafe(self._settle, frame.id, "the broker did not take it")

    def _settle(self, frame_id: str, why: str | None) -> None:
        if why is None:
            self._accepted[frame_id] = None
            if len(self._accepted) > REMEMBERED:
                self._accepted.popitem(last=False)
        waiting = self._under_way.pop(frame_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(why)


def _require(acceptance: Acceptance) -> None:
    if acceptance is Acceptance.TOO_LARGE:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Reason.BODY_TOO_LARGE, "the image is too large for a record"
        )
    if acceptance is not Acceptance.ACCEPTED:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, Reason.BUSY, "the way to the broker is full; send it later", 1.0
        )
