"""
`/metrics`, which is not for clients: it has a port of its own, where nothing else is answered, and at the
clients' port only this machine may read it.
"""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from frames.gateway.admission import from_this_machine
from frames.gateway.parts import Parts
from frames.gateway.problem import ProblemError, Reason, answer
from frames.health import CONTENT_TYPE

PATH = "/metrics"


def metrics_routes(parts: Parts) -> APIRouter:
    """The route."""
    router = APIRouter()

    @router.get(PATH, include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if not came_to(request.scope, parts.settings.metrics_port) and not from_this_machine(request):
            raise ProblemError(HTTPStatus.NOT_FOUND, Reason.NOT_FOUND, "Not Found")
        return Response(parts.metrics.exposition(), headers={"content-type": CONTENT_TYPE})

    return router


class MetricsOnly:
    """Answers nothing but `/metrics` at the port of metrics: who may scrape need not be let in."""

    def __init__(self, app: ASGIApp, port: int | None) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and came_to(scope, self._port) and scope["path"] != PATH:
            await answer(HTTPStatus.NOT_FOUND, Reason.NOT_FOUND, "Not Found")(scope, receive, send)
            return
        await self._app(scope, receive, send)


def came_to(scope: Scope, port: int | None) -> bool:
    """Whether a request came to this port; None: there is no such port."""
    server = scope.get("server")
    return port is not None and server is not None and server[1] == port
