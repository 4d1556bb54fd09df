"""
`/v1/frames` and `/v1/detect`: pictures in, and what became of them.
"""

import math
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse

from frames.gateway.admission import Admission, Admitted
from frames.gateway.frame_state import EXAMPLE_ID, FrameState, Pending
from frames.gateway.http_event import MAX_STRUCTURED_BYTES, Mode, Posted, mode_of, posted, require_camera
from frames.gateway.parts import Parts
from frames.gateway.post_document import POST_PROBLEMS, post_document
from frames.gateway.problem import ProblemError, Reason, documented
from frames.gateway.tenant import Tenant

DEFAULT_CAMERA = "http"
DETECT_WAIT_S = 30.0


def frame_routes(parts: Parts, admit: Admission, admitted: Admitted) -> APIRouter:
    """The routes; *admit* and *admitted* say who asks."""
    router = APIRouter(prefix="/v1", tags=["frames"])
    most_s = parts.settings.max_wait_s
    usual_s = min(DETECT_WAIT_S, most_s)
    at_most = f"; a longer one ends after {most_s:g} with `pending`"
    desk = parts.desk

    async def received(request: Request, tenant: Tenant) -> Posted:
        camera = require_camera(request.query_params.get("camera", DEFAULT_CAMERA))
        largest = parts.largest_image_bytes
        if mode_of(request.headers) is Mode.STRUCTURED:
            largest = min(largest, MAX_STRUCTURED_BYTES)
        body = await parts.inflow.body(request, largest)
        parts.metrics.received_bytes.inc(len(body))
        return posted(request.headers, body, tenant, camera, parts.wall_clock(), parts.expiry_s)

    @router.post(
        "/frames",
        status_code=HTTPStatus.ACCEPTED,
        responses={int(HTTPStatus.ACCEPTED): {"model": Pending}, **POST_PROBLEMS},
        openapi_extra=post_document(),
    )
    async def post_frame(request: Request) -> JSONResponse:
        """Send a picture; answered once the broker has it."""
        began = parts.monotonic()
        with admit(request) as tenant:
            arrived = await received(request, tenant)
            await desk.accept(tenant, arrived)
        parts.metrics.accept_s.observe(parts.monotonic() - began)
        return _pending(arrived.frame.id)

    @router.get(
        "/frames/{id}",
        response_model=FrameState,
        responses=documented(
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    )
    async def get_frame(
        id: Annotated[str, Path(max_length=1024, examples=[EXAMPLE_ID])],
        tenant: Annotated[Tenant, Depends(admitted)],
        wait: Annotated[
            float, Query(ge=0, allow_inf_nan=False, description=f"Seconds to wait for its outcome{at_most}.")
        ] = 0.0,
    ) -> JSONResponse:
        """What became of a picture: detected, expired, dead, or still pending."""
        return JSONResponse(await desk.look(tenant, id, min(wait, most_s)))

    @router.post(
        "/detect",
        response_model=FrameState,
        responses={
            int(HTTPStatus.ACCEPTED): {"model": Pending, "description": "Accepted, but not done in time."},
            **POST_PROBLEMS,
        },
        openapi_extra=post_document(
            {
                "name": "wait",
                "in": "query",
                "description": f"Seconds to wait for the outcome{at_most}.",
                "schema": {"type": "number", "minimum": 0, "default": usual_s},
            }
        ),
    )
    async def detect(request: Request) -> JSONResponse:
        """Send a picture and wait for its boxes; 202 if that takes longer than *wait* seconds."""
        with admit(request) as tenant:
            wait_s = min(_seconds(request.query_params.get("wait", str(usual_s))), most_s)
            told = await desk.detect(tenant, await received(request, tenant), wait_s)
        return _pending(told["id"]) if told["status"] == "pending" else JSONResponse(told)

    return router


def _seconds(text: str) -> float:
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s < math.inf:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, Reason.INVALID_REQUEST, "wait must be seconds, 0 or more"
        )
    return wait_s


def _pending(frame_id: str) -> JSONResponse:
    told: dict[str, Any] = {"id": frame_id, "status": "pending"}
    return JSONResponse(told, HTTPStatus.ACCEPTED, {"location": f"/v1/frames/{frame_id}"})
