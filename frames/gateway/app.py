"""
The application: routes, problems, counts, and the OpenAPI document.
"""

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frames.gateway.admission import admission, admitted_by
from frames.gateway.camera_routes import camera_routes
from frames.gateway.fleet_routes import fleet_routes
from frames.gateway.frame_routes import frame_routes
from frames.gateway.gateway_metrics import GatewayMetrics
from frames.gateway.identity_routes import identity_routes
from frames.gateway.letter_document import RedriveOrder
from frames.gateway.letter_routes import letter_routes
from frames.gateway.metrics_routes import MetricsOnly, metrics_routes
from frames.gateway.page_routes import page_routes
from frames.gateway.parts import Parts
from frames.gateway.picture_routes import picture_routes
from frames.gateway.post_document import FRAME_EVENT
from frames.gateway.problem import Problem, answer_with_problems, documented

ABOUT = (
    "Pictures in, boxes out. `POST /v1/detect` does both in one request; `POST /v1/frames` answers as soon "
    "as the picture is safe, and `GET /v1/frames/{id}` says what became of it. What is refused is a problem "
    "detail (RFC 9457) with a `reason` for programs; 429 and 503 say in `Retry-After` when to come again."
)


def gateway_app(parts: Parts, version: str) -> FastAPI:
    """The application; *version* is what its OpenAPI document says of itself."""
    # No pages of FastAPI's: they load their scripts from elsewhere.
    app = FastAPI(title="detectscale", version=version, description=ABOUT, docs_url=None, redoc_url=None)
    answer_with_problems(app)
    admit = admission(parts)
    admitted = admitted_by(admit)
    app.include_router(frame_routes(parts, admit, admitted))
    app.include_router(camera_routes(parts, admitted))
    app.include_router(picture_routes(parts, admitted))
    app.include_router(fleet_routes(parts, admitted))
    app.include_router(letter_routes(parts, admitted))
    app.include_router(identity_routes(admitted))
    app.include_router(page_routes())

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        complaint = parts.not_ready()
        if complaint is None:
            return PlainTextResponse("ok\n")
        return PlainTextResponse(f"{complaint}\n", HTTPStatus.SERVICE_UNAVAILABLE)

    app.include_router(metrics_routes(parts))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    app.add_middleware(Counting, metrics=parts.metrics)
    app.add_middleware(MetricsOnly, port=parts.settings.metrics_port)
    return app


class Counting:
    """Counts answers by route and status; a plain ASGI middleware, as Starlette's own cut streams short."""

    def __init__(self, app: ASGIApp, metrics: GatewayMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"])
                _protect(message)
            await send(message)

        await self._app(scope, receive, counted)

    def _count(self, scope: MutableMapping[str, Any], status: int) -> None:
        route = getattr(scope.get("route"), "path", "other")  # the pattern: callers make no labels
        method = scope["method"] if scope["method"] in ("GET", "POST") else "other"
        self._metrics.requests.labels(route, method, str(status)).inc()
        if status >= HTTPStatus.BAD_REQUEST:
            self._metrics.refused.labels(scope["state"].get("reason", str(status))).inc()


def _protect(message: Message) -> None:
    """What we send is data, whatever a browser might see in it."""
    message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the schemas that only we refer to, and its own idea of a 422 replaced."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        schemas["FrameEvent"] = FRAME_EVENT
        schemas["RedriveOrder"] = RedriveOrder.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        unprocessable = documented(HTTPStatus.UNPROCESSABLE_ENTITY)
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"]["422"] = unprocessable[HTTPStatus.UNPROCESSABLE_ENTITY]
        app.openapi_schema = document
    return app.openapi_schema
