"""
One HTTP connection that waits for nobody without end and keeps nothing without bound.

uvicorn leaves three things open with httptools: a client may take for ever over its headers, they may be
of any size, and one that reads no answer stays. All three are closed here, with one count of bytes and
one deadline: bytes that complete no head and belong to no body, be they headers, trailers or chunk
extensions, are few, and whatever the client owes us comes in time.
"""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from frames.gateway.gateway_settings import GatewaySettings
from frames.gateway.problem import MEDIA_TYPE, Problem, Reason

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
LINGER_S = 2.0
"""After an answer to a request that is still being sent: so long its rest is read and thrown away, since
a client that is cut off while it writes does not see why."""


class TooMuchError(Exception):
    """A head without end."""


class Connection(HttpToolsProtocol):
    """A connection of `connection_class`."""

    limits = GatewaySettings()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._idle_bytes = 0
        self._progress = False
        self._receiving = False  # a message has begun and not ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # it is a Transport
        if len(self.connections) > self.limits.max_connections:
            self._abort()  # no answer: that would keep it longer
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if not self._receiving and self._deadline is None:
            self._expect_head()  # a kept connection begins its next request
        self._progress = False
        super().data_received(data)
        self._idle_bytes = 0 if self._progress else self._idle_bytes + len(data)
        if self._idle_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large")

    def on_message_begin(self) -> None:
        self._receiving = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            raise TooMuchError  # httptools ends the request with it

    def on_headers_complete(self) -> None:
        self._progress = True
        self._expect(None)  # how long the body takes is the application's business
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._progress = True
        self._receiving = False
        self._expect(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._receiving:
            self._expect(LINGER_S)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_deadline is None:
            self._write_deadline = self.loop.call_later(self.limits.write_timeout_s, self._abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def timeout_keep_alive_handler(self) -> None:
        """Without `close`, which waits until everything is read."""
        self._abort()

    def send_400_response(self, msg: str) -> None:
        """What httptools does not understand; its own words for it are of no use to anybody."""
        if len(getattr(self, "headers", None) or ()) > MAX_HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"more than {MAX_HEADERS} headers")
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no HTTP/1.1")

    def _expect_head(self) -> None:
        self._expect(self.limits.head_timeout_s, self._late)

    def _expect(self, within_s: float | None, otherwise: Callable[[], None] | None = None) -> None:
        """What is due next must come so soon; None: nothing is due."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if within_s is not None:
            self._deadline = self.loop.call_later(within_s, otherwise or self._abort)

    def _late(self) -> None:
        if self._receiving:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the headers did not come in time")
        else:
            self._abort()

    def _abort(self) -> None:
        """Hang up now, whatever is still to be sent; an application that answers meanwhile may not notice."""
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer for the application, unless it is just doing so itself, and hang up."""
        if self.cycle is None or self.cycle.response_complete:
            problem = Problem(
                title=status.phrase, status=status, detail=detail, reason=Reason.INVALID_REQUEST
            ).model_dump()
            body = json.dumps(problem).encode()
            head = (
                f"HTTP/1.1 {int(status)} {status.phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
            self.transport.close()
            self._expect(LINGER_S)
        else:
            self._abort()


def connection_class(settings: GatewaySettings) -> type[Connection]:
    """Connections with these limits."""
    return type("LimitedConnection", (Connection,), {"limits": settings})
