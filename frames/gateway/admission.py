"""
Who may come in: a tenant with a key and something left of its allowance, or, while there are no keys,
whoever calls from this machine.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from frames.gateway.parts import Parts
from frames.gateway.problem import ProblemError, Reason
from frames.gateway.tenant import Tenant

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
LOCAL_NAMES = (*LOOPBACK, "localhost", "[::1]")

Admission = Callable[[Request], AbstractContextManager[Tenant]]
Admitted = Callable[..., AsyncIterator[Tenant]]


def admission(parts: Parts) -> Admission:
    """Lets a request in for the length of a block, as one more that is under way, or raises ProblemError."""

    @contextmanager
    def admit(request: Request) -> Iterator[Tenant]:
        tenant = _tenant(parts, request)
        if not tenant.name:
            yield tenant
            return
        now = parts.monotonic()
        allowance = parts.allowances.of(tenant.name, now)
        refusal = allowance.enter(now)
        if refusal is not None:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS, refusal.reason, refusal.detail, refusal.retry_after_s
            )
        try:
            yield tenant
        finally:
            allowance.leave()

    return admit


def admitted_by(admit: Admission) -> Admitted:
    """The same as a dependency, which OpenAPI shows as a key that is asked for."""
    bearer = HTTPBearer(
        auto_error=False, scheme_name=SCHEME, description="An API key, of `detectscale gateway --new-key`"
    )

    async def admitted(
        request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> AsyncIterator[Tenant]:
        with admit(request) as tenant:
            yield tenant

    return admitted


def from_this_machine(request: Request) -> bool:
    """By its address, and by what it calls us: a page from elsewhere, led here, has a name of its own."""
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return request.client is not None and request.client.host in LOOPBACK and name.lower() in LOCAL_NAMES


SCHEME = "key"
"""What OpenAPI calls it."""


def _tenant(parts: Parts, request: Request) -> Tenant:
    if parts.keys is None:
        if from_this_machine(request):
            return Tenant.owner()
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED, Reason.UNKNOWN_KEY, "without keys, only this machine may call"
        )
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    tenant = parts.keys.holder(key.strip()) if scheme.lower() == "bearer" else None
    if tenant is None:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, Reason.UNKNOWN_KEY, "no valid API key")
    return tenant
