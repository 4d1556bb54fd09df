"""
`/v1/fleet` and `/v1/fleet/stream`: how many workers there are, and why.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, StreamingResponse

from frames.gateway.admission import Admitted
from frames.gateway.fleet_board import FleetBoard
from frames.gateway.fleet_document import EXAMPLE_DECISION, Fleet, cold_starts, point, shown
from frames.gateway.fleet_history import Moment, thinned
from frames.gateway.parts import Parts
from frames.gateway.post_document import PRINTABLE
from frames.gateway.problem import ProblemError, Reason, documented
from frames.gateway.server_sent import HEADERS, HEARTBEAT, HEARTBEAT_S, OPENING, event, stream_of
from frames.gateway.tenant import Tenant

MOST_POINTS = 600
MOST_CHANGES = 50
LEAST_GAP_S = 0.2
"""Between two decisions that one client is told."""
Target = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=249,
        pattern=PRINTABLE,
        description="Which workers, if there are several kinds; the first by name if it is not said.",
        examples=["frames"],
    ),
]
Asking = tuple[str | None, Sequence[Moment]]


def fleet_routes(parts: Parts, admitted: Admitted) -> APIRouter:
    """The routes; *admitted* says who asks."""
    router = APIRouter(prefix="/v1", tags=["fleet"])
    board = parts.fleet
    refusals = documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
    )

    @router.get("/fleet", response_model=Fleet, responses=refusals)
    async def fleet(
        tenant: Annotated[Tenant, Depends(admitted)],
        target: Target = None,
        minutes: Annotated[int, Query(ge=1, le=60, description="How far to look back.")] = 15,
    ) -> JSONResponse:
        """The workers: the latest decision and its reason, the last minutes, cold starts and cost."""
        name = chosen(board, target)
        history = board.history(name) if name is not None else None
        now = parts.wall_clock()
        moments = history.since(now - 60 * minutes) if history is not None else []
        latest = history.latest if history is not None else None
        told: dict[str, Any] = {
            "at": now,
            "target": name,
            "targets": board.targets,
            "slo_s": latest.decided.slo_s if latest is not None else None,
            "latest": shown(latest.decided, latest.before) if latest is not None else None,
            "history": [point(moment) for moment in thinned(moments, MOST_POINTS)],
            "changes": [
                shown(moment.decided, moment.before) for moment in moments if moment.before is not None
            ][: -MOST_CHANGES - 1 : -1],
            "cold_start": cold_starts(latest.decided.cold_start) if latest is not None else None,
            "cost": await parts.fleet_cost.of(name, minutes, moments) if name is not None else None,
        }
        return JSONResponse(told, headers={"cache-control": "no-store"})

    @router.get(
        "/fleet/stream",
        response_class=StreamingResponse,
        responses={
            **stream_of(
                "`decision`, with a decision as data, five a second at most.", "decision", EXAMPLE_DECISION
            ),
            **refusals,
        },
    )
    async def fleet_stream(
        tenant: Annotated[Tenant, Depends(admitted)], target: Target = None
    ) -> StreamingResponse:
        """Decisions as they are made."""
        name = chosen(board, target)
        return StreamingResponse(decisions(board, name), media_type="text/event-stream", headers=HEADERS)

    return router


def chosen(board: FleetBoard, target: str | None) -> str | None:
    """The target that is meant; None: there is none yet. ProblemError, 404: there are, but not this one."""
    if target is None or target in board.targets:
        return target or next(iter(board.targets), None)
    raise ProblemError(HTTPStatus.NOT_FOUND, Reason.NOT_FOUND, "no decision about this target was heard of")


async def decisions(
    board: FleetBoard, target: str | None, gap_s: float = LEAST_GAP_S
) -> AsyncIterator[bytes]:
    """
    Server-sent events, from now until the client leaves or the gateway stops.

    Of what comes within *gap_s*, the last one is told, and before it the last that changed the count.
    """

    def wanted(moment: Moment) -> bool:
        return target in (None, moment.decided.target)

    with board.followed(wanted) as follower:
        yield OPENING
        while True:
            moments, _ = await follower.next(HEARTBEAT_S)
            for moment in worth_telling(moments):
                yield event("decision", shown(moment.decided, moment.before))
                await asyncio.sleep(gap_s)
            if not moments:
                if follower.closed:
                    return
                yield HEARTBEAT


def worth_telling(moments: Sequence[Moment]) -> list[Moment]:
    """At most two of them: the last that changed the count, and the last."""
    changes = [moment for moment in moments[:-1] if moment.before is not None]
    return [*changes[-1:], *moments[-1:]]
