"""
Bodies on their way in: never more of them in memory than allowed, of one request and of all together.
"""

import asyncio
from http import HTTPStatus

from fastapi import Request
from starlette.requests import ClientDisconnect

from frames.gateway.problem import ProblemError, Reason


class Inflow:
    """
    Receives bodies, on one event loop.

    Args:
        total_bytes: All that is being received, together.
        timeout_s: How long one body may take.
    """

    def __init__(self, total_bytes: int, timeout_s: float) -> None:
        self._total_bytes = total_bytes
        self._timeout_s = timeout_s
        self.held_bytes = 0
        """Of bodies that are not complete."""

    async def body(self, request: Request, largest: int) -> bytes:
        """
        The body of *request*, of at most *largest* bytes.

        What comes counts, and not what is announced: who announces much and sends nothing takes no room.

        Raises:
            ProblemError: 413, it is larger; 408, it came too slowly; 503, there is no room now.
        """
        if int(request.headers.get("content-length", 0)) > largest:
            raise _too_large(largest)
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                async for chunk in request.stream():
                    if len(body) + len(chunk) > largest:
                        raise _too_large(largest)
                    if self.held_bytes + len(chunk) > self._total_bytes:
                        raise ProblemError(
                            HTTPStatus.SERVICE_UNAVAILABLE, Reason.BUSY, "too many bodies at once", 1.0
                        )
                    self.held_bytes += len(chunk)
                    body += chunk
        except TimeoutError:
            raise ProblemError(
                HTTPStatus.REQUEST_TIMEOUT, Reason.SLOW_BODY, f"no complete body within {self._timeout_s:g} s"
            ) from None
        except ClientDisconnect:
            raise ProblemError(HTTPStatus.BAD_REQUEST, Reason.OTHER, "the client left") from None
        finally:
            self.held_bytes -= len(body)
        return bytes(body)


def _too_large(largest: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Reason.BODY_TOO_LARGE, f"at most {largest} bytes are taken"
    )
