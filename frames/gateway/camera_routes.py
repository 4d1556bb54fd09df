"""
`/v1/cameras…` and `/v1/stream`: the cameras, the newest result of one, its picture, and all results as
they come.
"""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse, StreamingResponse

from frames.event import InvalidEventError
from frames.gateway.admission import Admitted
from frames.gateway.arrival import Arrival
from frames.gateway.camera_list import MOST_CAMERAS, Cameras, camera
from frames.gateway.frame_state import DetectedFrame, state
from frames.gateway.http_event import MAX_CAMERA_CHARACTERS
from frames.gateway.outcome_board import OutcomeBoard
from frames.gateway.parts import Parts
from frames.gateway.post_document import PRINTABLE
from frames.gateway.problem import documented
from frames.gateway.server_sent import HEADERS, HEARTBEAT, HEARTBEAT_S, OPENING, event, stream_of
from frames.gateway.tenant import Tenant

EVENTS = stream_of(
    "`detected`, `expired`, `dead` with a frame's state as data, and `lost` with the number of those that "
    "the client was too slow for.",
    "detected",
    {"id": "f019…", "status": "detected"},
)
CameraId = Annotated[
    str, Path(min_length=1, max_length=MAX_CAMERA_CHARACTERS, pattern=PRINTABLE, examples=["door"])
]
Wanted = Annotated[
    str | None, Query(min_length=1, max_length=MAX_CAMERA_CHARACTERS, pattern=PRINTABLE, examples=["door"])
]


def camera_routes(parts: Parts, admitted: Admitted) -> APIRouter:
    """The routes; *admitted* says who asks."""
    router = APIRouter(prefix="/v1", tags=["results"])
    refusals = documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )

    @router.get("/cameras", response_model=Cameras, responses=refusals)
    async def cameras(tenant: Annotated[Tenant, Depends(admitted)]) -> JSONResponse:
        """The cameras that have results, the one with the newest first, and what was seen in it."""
        found = await parts.desk.lookup.cameras(tenant.key(""), MOST_CAMERAS)
        return JSONResponse({"cameras": [camera(each, tenant) for each in found]})

    @router.get(
        "/cameras/{id:path}/latest",
        response_model=DetectedFrame,
        responses={**refusals, **documented(HTTPStatus.NOT_FOUND)},
    )
    async def latest(
        id: CameraId,
        tenant: Annotated[Tenant, Depends(admitted)],
    ) -> JSONResponse:
        """The newest result of a camera."""
        return JSONResponse(await parts.desk.latest(tenant, id))

    @router.get("/stream", response_class=StreamingResponse, responses={**EVENTS, **refusals})
    async def stream(
        tenant: Annotated[Tenant, Depends(admitted)], camera: Wanted = None, label: Wanted = None
    ) -> StreamingResponse:
        """Outcomes as they come: all, or those of a camera, or those with an object of this label."""
        return StreamingResponse(
            events(parts.board, tenant, camera, label),
            media_type="text/event-stream",
            headers=HEADERS,
        )

    return router


async def events(
    board: OutcomeBoard, tenant: Tenant, camera: str | None, label: str | None
) -> AsyncIterator[bytes]:
    """Server-sent events, from now until the client leaves or the gateway stops."""
    key = None if camera is None else tenant.key(camera)

    def wanted(arrival: Arrival) -> bool:
        return arrival.camera == key if key is not None else tenant.camera(arrival.camera) is not None

    with board.followed(wanted) as follower:
        yield OPENING
        while True:
            arrivals, lost = await follower.next(HEARTBEAT_S)
            if lost:
                yield event("lost", {"count": lost})
            for arrival in arrivals:
                told = _told(arrival, tenant)
                if told is not None and (label is None or label in _labels(told)):
                    yield event(told["status"], told)
            if not arrivals and not lost:
                if follower.closed:
                    return
                yield HEARTBEAT


def _told(arrival: Arrival, tenant: Tenant) -> dict[str, Any] | None:
    try:
        return state(arrival.description | {"frame_id": arrival.frame_id}, tenant)
    except InvalidEventError:
        return None


def _labels(told: dict[str, Any]) -> set[str]:
    return {found["label"] for found in told.get("detections", ())}
