"""
Server-sent events (WHATWG HTML, §9.2), and what OpenAPI says of a stream of them.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

HEARTBEAT_S = 15.0
"""A comment on a silent stream: proxies take it for dead otherwise."""
OPENING = b": here they come\n\n"
HEARTBEAT = b": still here\n\n"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """One event, with *data* as JSON."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def stream_of(what: str, name: str, example: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The answer that such a stream is, in words and by an *example* of an event."""
    content = {"schema": {"type": "string"}, "example": event(name, example).decode()}
    return {
        int(HTTPStatus.OK): {
            "description": f"Server-sent events: {what}",
            "content": {"text/event-stream": content},
        }
    }
