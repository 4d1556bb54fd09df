"""
The same by HTTP: for KEDA's metrics-api scaler, for Prometheus, for kubelet and for people.

    /v1/targets/NAME/metrics    {"desired_replicas": 3, "queue_lag": 42, …}: the scaler's valueLocation
    /v1/decisions?target=NAME   the journal's last entries, each with its reason, newest first
    /metrics /healthz /readyz

`/v1` wants the bearer token; while there is none, it is answered to this machine alone, which
`kubectl port-forward` is too.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import HTTPException
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import TypeAdapter

from autoscaler.adapter.bearer_token import Token
from autoscaler.adapter.calls import Calls
from autoscaler.adapter.exposition import exposition
from autoscaler.adapter.targets import KEPT, Targets, UnknownTargetError, named
from autoscaler.adapter.vitals import Vitals
from autoscaler.errors import ObservationError
from autoscaler.journal import Entry
from frames.health import CONTENT_TYPE

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
_ENTRIES = TypeAdapter(list[Entry])


def http_app(
    targets: Targets,
    calls: Calls,
    vitals: Vitals,
    token: Token | None,
    now: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """The application; *now* is the monotonic clock."""
    app = FastAPI(openapi_url=None)

    def known(request: Request) -> None:
        if token is None:
            admitted = request.client is not None and request.client.host in LOOPBACK
        else:
            admitted = token.matches(request.headers.get("authorization"))
        if not admitted:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})

    @app.middleware("http")
    async def counted(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call(request)
        route = request.scope.get("route")  # the pattern, not the path: callers make no labels
        calls.count(getattr(route, "path", "other"), str(response.status_code))
        return response

    @app.exception_handler(UnknownTargetError)
    async def unknown(request: Request, error: Exception) -> Response:
        return JSONResponse({"detail": str(error)}, HTTPStatus.NOT_FOUND)

    @app.exception_handler(ObservationError)
    async def unavailable(request: Request, error: Exception) -> Response:
        return JSONResponse({"detail": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)

    @app.get("/v1/targets/{name}/metrics", dependencies=[Depends(known)])
    async def metrics_of(name: str) -> dict[str, float | str]:
        instant = now()
        standing = named(targets, name).standing(instant)
        return {
            "target": name,
            "desired_replicas": standing.replicas,
            "queue_lag": standing.lag,
            "age_s": instant - standing.decided_at,
            "reason": standing.entry.decision.reason,
        }

    @app.get("/v1/decisions", dependencies=[Depends(known)])
    async def decisions(target: str, limit: Annotated[int, Query(ge=1, le=KEPT)] = 10) -> Response:
        newest_first = named(targets, target).recent[: -limit - 1 : -1]
        return Response(told(newest_first), media_type="application/json")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(targets, calls, now()), headers={"content-type": CONTENT_TYPE})

    @app.get("/healthz")
    async def healthz() -> Response:
        return _verdict(vitals.not_alive(now()))

    @app.get("/readyz")
    async def readyz() -> Response:
        return _verdict(vitals.not_ready(now()))

    return app


def told(entries: Sequence[Entry]) -> bytes:
    """*entries* as JSON, with what each decision says in words."""
    words = [entry.decision.explain() for entry in entries]
    shown = _ENTRIES.dump_python(list(entries), mode="json")
    pairs = [{"explanation": said, **entry} for said, entry in zip(words, shown, strict=True)]
    return TypeAdapter(list).dump_json(pairs)


def _verdict(complaint: str | None) -> Response:
    if complaint is None:
        return PlainTextResponse("ok\n")
    return PlainTextResponse(f"{complaint}\n", HTTPStatus.SERVICE_UNAVAILABLE)
