"""
Frames in, and what became of them: what the routes do, without HTTP.

**The same key gives the same frame.** An id is made from tenant and key, so a retry finds its frame
whatever happened in between, even when the first attempt died between acknowledgement and answer.
Redis remembers, once the broker has acknowledged, what was sent under the key: a retry is then answered
without being sent again, and refused if it holds something else. When that memory is missing (killed
before it was written, or Redis away), the frame is appended once more under its id: an event that was
delivered twice, as CloudEvents allow, and results of the same id take each other's place.
"""

from asyncio import timeout
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

from frames.errors import UnavailableError
from frames.event import Frame, InvalidEventError
from frames.gateway.allowance import Allowances
from frames.gateway.arrival import Arrival
from frames.gateway.frame_state import pending, state
from frames.gateway.http_event import Posted
from frames.gateway.intake import Intake
from frames.gateway.outcome_board import OutcomeBoard
from frames.gateway.problem import ProblemError, Reason
from frames.gateway.projection_lookup import ProjectionLookup
from frames.gateway.tenant import Tenant, given_at


@dataclass(frozen=True, slots=True)
class FrameDesk:
    """Where frames are handed in and asked for."""

    intake: Intake
    board: OutcomeBoard
    lookup: ProjectionLookup
    allowances: Allowances
    wall_clock: Callable[[], float]
    """Seconds since the epoch."""
    idempotency_s: float
    frame_lifetime_s: float
    """After so long, a frame without an outcome is not waiting but forgotten."""

    async def accept(self, tenant: Tenant, posted: Posted) -> None:
        """
        Return when the broker has the frame.

        Raises:
            ProblemError: 422, its key was used for something else; 429, the day's frames are used up;
                413, 503: see `Intake.send`.
        """
        if not posted.repeatable:
            await self._send(tenant, posted.frame)
            return
        digest = _digest(posted.frame)
        try:
            known = await self.lookup.digest(posted.frame.id)
        except UnavailableError:
            known = None
        if known is not None:
            if known != digest:
                raise ProblemError(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    Reason.KEY_REUSED,
                    "another frame was sent under this key (or this id and source)",
                )
            return
        await self._send(tenant, posted.frame)
        with suppress(UnavailableError):
            await self.lookup.remember(posted.frame.id, digest, self.idempotency_s)

    async def look(self, tenant: Tenant, frame_id: str, wait_s: float) -> dict[str, Any]:
        """
        What became of a frame, as the client is told, waiting up to *wait_s* for its outcome.

        Raises:
            ProblemError: 404, there is no such frame, or it is not theirs.
            UnavailableError: Only Redis could tell, and it is away.
        """
        if tenant.name and not tenant.owns(frame_id):
            raise _no_frame()
        found, away = None, None
        with self.board.expected(frame_id) as outcome:
            try:
                found = await self._known(frame_id)
            except UnavailableError as error:  # it may still come by
                away = error
            if found is None and wait_s > 0:
                arrived = await _within(wait_s, outcome)
                with suppress(UnavailableError):  # it may have come by before we were there
                    found = _described(arrived) if arrived else await self.lookup.outcome(frame_id)
        if found is None and away is not None:
            raise away
        return pending(frame_id) if found is None else state(found, tenant)

    async def detect(self, tenant: Tenant, posted: Posted, wait_s: float) -> dict[str, Any]:
        """Accept a frame and wait for its outcome; errors as `accept`."""
        with self.board.expected(posted.frame.id) as outcome:
            await self.accept(tenant, posted)
            found = None
            if posted.repeatable:  # it may have been detected long ago
                with suppress(ProblemError, UnavailableError):
                    found = await self._known(posted.frame.id)
            if found is None:
                arrived = await _within(wait_s, outcome)
                found = None if arrived is None else _described(arrived)
        return pending(posted.frame.id) if found is None else state(found, tenant)

    async def latest(self, tenant: Tenant, camera: str) -> dict[str, Any]:
        """The newest result of a camera; 404 if there is none."""
        found = await self.lookup.newest(tenant.key(camera))
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, Reason.NOT_FOUND, "this camera has no results")
        return state(found, tenant)

    async def _send(self, tenant: Tenant, frame: Frame) -> None:
        now = self.wall_clock()
        if tenant.name:
            refusal = self.allowances.take_frame(tenant.name, now)
            if refusal is not None:
                raise ProblemError(
                    HTTPStatus.TOO_MANY_REQUESTS, refusal.reason, refusal.detail, refusal.retry_after_s
                )
        try:
            await self.intake.send(frame)
        except ProblemError:
            if tenant.name:
                self.allowances.give_back(tenant.name, now)
            raise

    async def _known(self, frame_id: str) -> dict[str, Any] | None:
        """The outcome; None: it is still to come. Whoever looks is the owner, or knows nothing of it."""
        arrived = self.board.recent(frame_id)
        if arrived is not None:
            return _described(arrived)
        try:
            found = await self.lookup.outcome(frame_id)
            if found is None and not await self._on_its_way(frame_id):
                raise _no_frame()
        except UnavailableError:
            if not self.intake.accepted(frame_id):
                raise
            return None
        return found

    async def _on_its_way(self, frame_id: str) -> bool:
        if self.intake.accepted(frame_id):
            return True
        try:
            given = given_at(frame_id)
        except ValueError:
            return False  # none of our ids
        if given is None:
            return await self.lookup.digest(frame_id) is not None
        return self.wall_clock() - given < self.frame_lifetime_s


async def _within(wait_s: float, outcome: Any) -> Arrival | None:
    try:
        async with timeout(wait_s):
            arrived: Arrival | None = await outcome
    except TimeoutError:
        return None
    return arrived


def _described(arrived: Arrival) -> dict[str, Any] | None:
    """None: it cannot be read, so that it counts as none."""
    try:
        return arrived.description | {"frame_id": arrived.frame_id}
    except InvalidEventError:
        return None


def _digest(frame: Frame) -> str:
    """Of what a key stands for: the image and its camera, but not the instant it came."""
    return blake2b(frame.image, key=blake2b(frame.camera.encode()).digest(), digest_size=16).hexdigest()


def _no_frame() -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, Reason.NOT_FOUND, "there is no such frame")
