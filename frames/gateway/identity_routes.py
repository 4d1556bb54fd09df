"""
`/v1/me`: who asks, so that a page knows what to show.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from frames.gateway.admission import Admitted
from frames.gateway.problem import documented
from frames.gateway.tenant import Tenant


class Identity(BaseModel):
    """Whoever a key belongs to."""

    tenant: str = Field(description="empty: the owner of this machine, while there are no keys")
    operator: bool = Field(description="may do what concerns all tenants")

    model_config = {"json_schema_extra": {"example": {"tenant": "shop-12", "operator": False}}}


def identity_routes(admitted: Admitted) -> APIRouter:
    """The route; *admitted* says who asks."""
    router = APIRouter(prefix="/v1", tags=["identity"])

    @router.get(
        "/me",
        response_model=Identity,
        responses=documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS),
    )
    async def me(tenant: Annotated[Tenant, Depends(admitted)]) -> JSONResponse:
        """Who you are here."""
        return JSONResponse({"tenant": tenant.name, "operator": tenant.operator})

    return router
