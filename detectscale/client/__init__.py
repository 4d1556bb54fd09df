"""
Pictures in, boxes out, from Python: the client of the gateway.

    from detectscale import Client

    with Client("http://localhost:8080") as client:
        result = client.detect("bus.jpg", "door")

`Client` and `AsyncClient` have the same methods and no logic of their own: what to ask, when to ask again
and what an answer means is plain code that knows neither sockets nor clocks (`calls`, `exchange`,
`stream`), and both only carry it out.
"""

from detectscale.client.answers import Dead, Detected, Expired, FrameResult
from detectscale.client.async_client import AsyncClient
from detectscale.client.client_errors import (
    BadAnswerError,
    GatewayUnavailableError,
    PendingError,
    RefusedError,
)
from detectscale.client.stream import Lost
from detectscale.client.sync_client import Client
from frames.errors import ConfigError, DetectscaleError
from frames.outcome import Detection

__all__ = [
    "AsyncClient",
    "BadAnswerError",
    "Client",
    "ConfigError",
    "Dead",
    "Detected",
    "Detection",
    "DetectscaleError",
    "Expired",
    "FrameResult",
    "GatewayUnavailableError",
    "Lost",
    "PendingError",
    "RefusedError",
]
