"""
Three pages of a worker or a camera process, for kubelet and Prometheus: /metrics, /healthz, /readyz.

Anybody in the cluster may connect, so nothing a client does may cost more than a moment: a
request must be complete within seconds, in one piece of memory, and when all connections are
taken the oldest is cut. So even while somebody opens them by the hundred and says nothing,
kubelet's request is answered.
"""

import io
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from frames.errors import ConfigError

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 16
MAX_REQUEST_BYTES = 8192
REQUEST_S = 2.0
"""A request, and then its answer, may take this long."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Complaint = Callable[[], str | None]
"""In one line, what is wrong; None: nothing."""
Exposition = Callable[[], bytes]
"""All that is counted, in Prometheus's text format."""


class HealthServer(ThreadingTCPServer):
    """
    Listens until it is closed; one thread accepts, one more answers each connection.

    Not http.server's HTTPServer: that looks its own address up in the DNS, which can take
    seconds in a pod.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, host: str, port: int, exposition: Exposition, alive: Complaint, ready: Complaint
    ) -> None:
        self.exposition = exposition
        self.alive = alive
        self.ready = ready
        self._open: list[Any] = []  # connections, oldest first
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Request)
        threading.Thread(target=self.serve_forever, args=(0.1,), name="health", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a new thread; cut the oldest connection when there are too many."""
        with self._lock:
            if len(self._open) >= MAX_CONNECTIONS:
                _cut(self._open.pop(0))
            self._open.append(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection that was answered, or cut."""
        with self._lock:
            if request in self._open:
                self._open.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what is wrong here; a client that went away is no news."""
        if not isinstance(sys.exception(), OSError):
            log.exception("health: a request was not answered")


def serve(
    host: str, port: int, exposition: Exposition, alive: Complaint, ready: Complaint, setting: str
) -> HealthServer:
    """
    Listen at *host* and *port*; port 0 takes a free one.

    Args:
        alive: What is wrong with this process, so that it should be restarted.
        ready: Why it takes no part at present.
        setting: Where *port* was named.

    Raises:
        ConfigError: Nobody can listen there.
    """
    try:
        server = HealthServer(host, port, exposition, alive, ready)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{setting}: cannot listen on {host} port {port}: {why}; name another, or leave it empty"
        ) from error
    log.info("health and metrics at http://%s:%d", host, server.port)
    return server


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the client was faster
        return


class _Request(BaseHTTPRequestHandler):
    """One request, read whole before it is looked at, and answered in one piece."""

    server: HealthServer

    def setup(self) -> None:
        self.connection = self.request
        self.rfile = io.BytesIO(_read_head(self.connection))
        self.wfile = self._written = io.BytesIO()

    def finish(self) -> None:
        self.connection.settimeout(REQUEST_S)
        self.connection.sendall(self._written.getvalue())

    def do_GET(self) -> None:
        page = _PAGES.get(self.path.partition("?")[0])
        if page is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        status, content_type, body = page(self.server)
        return self._answer(status, content_type, body)

    do_HEAD = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with the status alone: what the base class says repeats the client's words."""
        known = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self._answer(known, "text/plain", known.phrase)

    def _answer(self, status: HTTPStatus, content_type: str, body: str | bytes) -> None:
        content = f"{body}\n".encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def version_string(self) -> str:
        return "detectscale"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a probe every second is no news."""


def _read_head(connection: socket.socket) -> bytes:
    """Request line and headers; empty, and so without an answer, when they are not complete in time."""
    deadline = time.monotonic() + REQUEST_S
    head = b""
    while b"\r\n\r\n" not in head:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            more = connection.recv(MAX_REQUEST_BYTES)
        except OSError:
            return b""
        head += more
        if not more or len(head) > MAX_REQUEST_BYTES:
            return b""
    return head


Page = tuple[HTTPStatus, str, str | bytes]


def _metrics(server: HealthServer) -> Page:
    return HTTPStatus.OK, CONTENT_TYPE, server.exposition()


def _verdict(complaint: str | None) -> Page:
    status = HTTPStatus.OK if complaint is None else HTTPStatus.SERVICE_UNAVAILABLE
    return status, "text/plain", complaint or "ok"


_PAGES: dict[str, Callable[[HealthServer], Page]] = {
    "/metrics": _metrics,
    "/healthz": lambda server: _verdict(server.alive()),
    "/readyz": lambda server: _verdict(server.ready()),
}
