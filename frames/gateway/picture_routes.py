"""
`/v1/cameras/…/frames/…/image`: the picture that the newest boxes of a camera were found in.

A frame's id, its camera and its record must all be those of the result, so that no boxes are ever shown
on another picture. Older pictures are not shown: they are personal data, and nobody has a use for them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse

from frames.gateway.admission import Admitted
from frames.gateway.aside import Aside
from frames.gateway.camera_routes import CameraId
from frames.gateway.frame_images import Picture
from frames.gateway.frame_state import EXAMPLE_ID
from frames.gateway.parts import Parts
from frames.gateway.problem import ProblemError, Reason, documented
from frames.gateway.tenant import Tenant
from frames.gateway.turnstile import Turnstile
from frames.outcome import RecordId

NEWEST_S = 30.0
"""So long after its detection a frame may still be shown, though the camera has a newer one: who asks for
a picture has asked for the result before."""
READING = 2
"""Records read at a time."""
READ_S = 15.0
MOST, OF_ONE_TENANT = 8, 4
"""Pictures in memory: on their way in or out."""
PATIENCE_S = 10.0
"""How long a request waits to be one of them."""
SEND_S = 30.0
"""Who takes longer to receive one is cut off."""
CHUNK_BYTES = 256 * 1024
HEADERS = {
    "cache-control": "private, max-age=60, immutable",
    "content-disposition": "inline",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PICTURE: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.OK): {
        "description": "The picture, as it was sent.",
        "content": {"image/jpeg": _BINARY, "image/png": _BINARY},
    }
}


def picture_routes(parts: Parts, admitted: Admitted) -> APIRouter:
    """The route; *admitted* says who asks."""
    router = APIRouter(prefix="/v1", tags=["results"])
    turnstile = Turnstile("pictures", MOST, OF_ONE_TENANT, PATIENCE_S)
    reading = Aside("reading pictures", READING, READ_S)
    waiting = asyncio.Semaphore(READING)

    async def one_of_few(tenant: Annotated[Tenant, Depends(admitted)]) -> AsyncIterator[Tenant]:
        async with turnstile.entered(tenant.name):  # until the answer is sent
            yield tenant

    @router.get(
        "/cameras/{id:path}/frames/{frame_id}/image",
        response_class=StreamingResponse,
        responses={
            **PICTURE,
            **documented(
                HTTPStatus.UNAUTHORIZED,
                HTTPStatus.NOT_FOUND,
                HTTPStatus.UNPROCESSABLE_ENTITY,
                HTTPStatus.TOO_MANY_REQUESTS,
                HTTPStatus.SERVICE_UNAVAILABLE,
            ),
        },
    )
    async def image(
        id: CameraId,
        frame_id: Annotated[str, Path(min_length=1, max_length=1024, examples=[EXAMPLE_ID])],
        tenant: Annotated[Tenant, Depends(one_of_few)],
    ) -> StreamingResponse:
        """The picture of a camera's newest result, while it is still there."""
        camera = tenant.key(id)
        place = await _place(parts, camera, frame_id)
        if place is None:
            raise _no_picture()
        async with waiting:
            picture = await reading.run(partial(parts.images.picture, place, frame_id, camera))
        if picture is None:
            raise _no_picture()
        length = {"content-length": str(len(picture.image))}
        return StreamingResponse(
            _chunks(picture, parts.monotonic), media_type=picture.content_type, headers=HEADERS | length
        )

    return router


async def _place(parts: Parts, camera: str, frame_id: str) -> RecordId | None:
    """The record of the frame, if it is the camera's newest result, or was a moment ago."""
    found = await parts.desk.lookup.newest(camera)
    if found is None:
        return None
    if found["frame_id"] != frame_id:
        found = await parts.desk.lookup.outcome(frame_id)
        if found is None or found.get("camera") != camera or found["kind"] != "detected":
            return None
        if parts.wall_clock() - found["at"] > NEWEST_S:
            return None
    return RecordId(**found["record"])


async def _chunks(picture: Picture, monotonic: Callable[[], float]) -> AsyncIterator[bytes]:
    """Piece by piece: the next when the client has taken most of the last."""
    late_at = monotonic() + SEND_S
    for first in range(0, len(picture.image), CHUNK_BYTES):
        if monotonic() > late_at:
            raise TimeoutError(f"a picture was not taken within {SEND_S:g} s")
        yield picture.image[first : first + CHUNK_BYTES]


def _no_picture() -> ProblemError:
    return ProblemError(
        HTTPStatus.NOT_FOUND, Reason.NOT_FOUND, "this camera has no such picture, or not any more"
    )
