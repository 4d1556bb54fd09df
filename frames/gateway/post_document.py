"""
What OpenAPI says of a request that holds a frame.

FastAPI would write it from a function's arguments, and then fill these for each post, which took a third
of the event loop's time. So the two routes for frames read their request themselves.
"""

from http import HTTPStatus
from typing import Any

from frames.gateway.admission import SCHEME
from frames.gateway.http_event import IMAGES, MAX_CAMERA_CHARACTERS, MAX_KEY_CHARACTERS, STRUCTURED
from frames.gateway.problem import documented

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"

POST_PROBLEMS = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

CAMERA: dict[str, Any] = {
    "name": "camera",
    "in": "query",
    "description": "Of a plain image; a CloudEvent says it by `partitionkey` or else by `source`.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_CAMERA_CHARACTERS,
        "pattern": PRINTABLE,
        "default": "http",
    },
    "example": "door",
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key gives the same frame. A CloudEvent's `source` and `id` do it too.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_KEY_CHARACTERS,
        "pattern": r"^[\x21-\x7e]+$",
    },
    "example": "door-2026-11-24T08:00:00Z-17",
}
_IMAGE = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "required": True,
    "description": "An image; a CloudEvent in binary mode (an image, and `ce-…` headers), or in JSON.",
    "content": {
        **dict.fromkeys(IMAGES, _IMAGE),
        STRUCTURED: {
            "schema": {"$ref": "#/components/schemas/FrameEvent"},
            "example": {
                "specversion": "1.0",
                "type": "detectscale.frame.v1",
                "source": "/cameras/door",
                "id": "17",
                "time": "2026-11-24T08:00:00Z",
                "datacontenttype": "image/jpeg",
                "data_base64": "/9j/4AAQSkZJRgABAQ…",
            },
        },
    },
}


def post_document(*parameters: dict[str, Any]) -> dict[str, Any]:
    """The operation's part of the document, with these parameters more."""
    return {
        "parameters": [CAMERA, IDEMPOTENCY_KEY, *parameters],
        "requestBody": _BODY,
        "security": [{SCHEME: []}],
    }


FRAME_EVENT: dict[str, Any] = {
    "type": "object",
    "title": "FrameEvent",
    "description": "A CloudEvent 1.0 in JSON; the type must be `detectscale.frame.v1`.",
    "required": ["specversion", "type", "source", "id", "data_base64"],
    "properties": {
        "specversion": {"const": "1.0"},
        "type": {"const": "detectscale.frame.v1"},
        "source": {"type": "string", "minLength": 1, "maxLength": 200, "format": "uri-reference"},
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "time": {"type": "string", "format": "date-time"},
        "partitionkey": {"type": "string", "minLength": 1, "maxLength": 200},
        "expirytime": {"type": "string", "format": "date-time"},
        "datacontenttype": {"enum": list(IMAGES)},
        "data_base64": {"type": "string", "contentEncoding": "base64"},
    },
}
