"""
What went wrong, as RFC 9457 says it: `application/problem+json`, whatever went wrong.

`type` is `about:blank`, as there is no page that would say more than `detail` does; the member `reason`
is what programs look at.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from frames.errors import UnavailableError

MEDIA_TYPE = "application/problem+json"


class Reason(StrEnum):
    """Why a request was refused, for programs; images have the reasons of dead letters too."""

    INVALID_REQUEST = "invalid-request"
    KEY_REUSED = "idempotency-key-reused"
    UNKNOWN_KEY = "unknown-key"
    NOT_AN_OPERATOR = "not-an-operator"
    NOT_FOUND = "not-found"
    SLOW_BODY = "slow-body"
    BODY_TOO_LARGE = "body-too-large"
    UNSUPPORTED_BODY = "unsupported-body"
    RATE = "rate-limit"
    CONCURRENT = "concurrent-limit"
    DAILY = "daily-limit"
    BUSY = "busy"
    """There is no room for more frames."""
    UNAVAILABLE = "unavailable"
    """Kafka or Redis is away."""
    REDRIVE_RUNS = "redrive-runs"
    """Dead letters are being put back already."""
    STOPPING = "stopping"
    OTHER = "other"


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str

    model_config = {
        "json_schema_extra": {
            "example": {
                "type": "about:blank",
                "title": "Too Many Requests",
                "status": 429,
                "detail": "more than 50 requests per second",
                "reason": "rate-limit",
            }
        }
    }


class ProblemError(Exception):
    """The request ends here; *retry_after_s* is when it may be tried again, if that helps."""

    def __init__(
        self, status: HTTPStatus, reason: str, detail: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.retry_after_s = retry_after_s


def answer(status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The problem as a response."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, reason=reason)
    return JSONResponse(problem.model_dump(), status, headers, media_type=MEDIA_TYPE)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI is to say of these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


def answer_with_problems(app: FastAPI) -> None:
    """Let every refusal of *app*, its own and those of the framework, be a problem detail."""

    @app.exception_handler(ProblemError)
    async def refused(request: Request, error: ProblemError) -> JSONResponse:
        request.state.reason = error.reason
        headers = {}
        if error.retry_after_s is not None:
            headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
        if error.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = "Bearer"
        return answer(error.status, error.reason, error.detail, headers)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        reason = Reason.NOT_FOUND if error.status_code == HTTPStatus.NOT_FOUND else Reason.OTHER
        return answer(error.status_code, reason, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, Reason.INVALID_REQUEST, "; ".join(wrong)[:1000])

    @app.exception_handler(UnavailableError)
    async def unavailable(request: Request, error: UnavailableError) -> JSONResponse:
        request.state.reason = Reason.UNAVAILABLE
        detail = "the store of results does not answer; try again"  # where it is, is not theirs to know
        return answer(HTTPStatus.SERVICE_UNAVAILABLE, Reason.UNAVAILABLE, detail, {"retry-after": "2"})

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return answer(HTTPStatus.INTERNAL_SERVER_ERROR, Reason.OTHER, "this is our fault; it has been logged")
