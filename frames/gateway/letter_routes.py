"""
`/v1/dead-letters…`: frames that could not be processed, why, and a second chance for them.

A tenant sees those of its own cameras. An operator sees all, with the cameras as Kafka knows them
(`shop-12/door`), and may have them put back.
"""

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from frames.gateway.admission import Admitted
from frames.gateway.letter_document import (
    Camera,
    DeadLetters,
    LetterReason,
    Redriven,
    RedriveOrder,
    shown,
)
from frames.gateway.parts import Parts
from frames.gateway.problem import ProblemError, Reason, documented
from frames.gateway.tenant import Tenant
from frames.letter import Filter

MOST_LETTERS = 100
MOST_BODY_BYTES = 8192
JSON = "application/json"


def letter_routes(parts: Parts, admitted: Admitted) -> APIRouter:
    """The routes; *admitted* says who asks."""
    router = APIRouter(prefix="/v1", tags=["dead letters"])
    refusals = documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )

    @router.get("/dead-letters", response_model=DeadLetters, responses=refusals)
    async def dead_letters(
        tenant: Annotated[Tenant, Depends(admitted)],
        reason: Annotated[LetterReason | None, Query()] = None,
        camera: Annotated[Camera | None, Query()] = None,
    ) -> JSONResponse:
        """Frames that could not be processed, the newest first."""
        shelf = await parts.letters.look()
        told = [
            each
            for kept in shelf.letters
            if (each := shown(kept, tenant)) is not None and camera in (None, each["camera"])
        ]
        counts = Counter(each["reason"] for each in told if not each["redriven"])
        letters = [each for each in told if reason in (None, each["reason"])]
        return JSONResponse(
            {
                "counts": dict(counts.most_common()),
                "complete": shelf.complete,
                "letters": letters[:MOST_LETTERS],
            }
        )

    @router.post(
        "/dead-letters/redrive",
        response_model=Redriven,
        responses={
            **refusals,
            **documented(
                HTTPStatus.FORBIDDEN,
                HTTPStatus.REQUEST_TIMEOUT,
                HTTPStatus.CONFLICT,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            ),
        },
        openapi_extra={"requestBody": _BODY},
    )
    async def redrive(request: Request, tenant: Annotated[Tenant, Depends(admitted)]) -> JSONResponse:
        """Put dead letters back among the frames; operators only."""
        if not tenant.operator:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, Reason.NOT_AN_OPERATOR, "only an operator's key may do that"
            )
        # A page from elsewhere may post plain text to this machine, but asks before it posts JSON.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise ProblemError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Reason.UNSUPPORTED_BODY, f"the body must be {JSON}"
            )
        order = _order(await parts.inflow.body(request, MOST_BODY_BYTES))
        done, left = await parts.letters.redrive(Filter(order.reason, order.camera), order.dry_run)
        would = len(done.put_back)
        return JSONResponse(
            {
                "redriven": 0 if order.dry_run else would,
                "would": would,
                "already": done.already,
                "obstacles": dict(done.obstacles),
                "left": left,
            }
        )

    return router


_BODY: Mapping[str, Any] = {
    "required": True,
    "content": {JSON: {"schema": {"$ref": "#/components/schemas/RedriveOrder"}}},
}


def _order(body: bytes) -> RedriveOrder:
    try:
        return RedriveOrder.model_validate_json(body)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, Reason.INVALID_REQUEST, "; ".join(wrong)[:1000]
        ) from error
