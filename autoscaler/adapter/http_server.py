"""
The HTTP server: uvicorn in a loop that others use too, with certificates that may change.
"""

import asyncio
import socket
import ssl
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from autoscaler.adapter.certificates import Certificates
from autoscaler.adapter.settings import AdapterSettings
from frames.errors import ConfigError
from frames.watched_files import WatchedFiles

GRACE_S = 2


class HttpServer:
    """Serves an application; belongs to one event loop, which is not the main thread's."""

    def __init__(
        self, settings: AdapterSettings, tls: WatchedFiles[Certificates] | None, app: FastAPI
    ) -> None:
        """
        Listen.

        Raises:
            ConfigError: The address is none of ours, or taken.
        """
        self._settings = settings
        self._tls = tls
        self._shown = tls.current() if tls is not None else None
        self._context = context = self._new_context() if tls is not None else None
        self._socket = _listen(settings.host, settings.http_port or 0)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=75,  # longer than KEDA and Prometheus wait between two questions
            timeout_graceful_shutdown=GRACE_S,
            ssl_context_factory=None if context is None else lambda *_: context,
        )
        self._server = uvicorn.Server(config)
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Answer from now on."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))

    def renew(self) -> None:
        """Show a certificate that was replaced to whoever connects from now on."""
        if self._tls is None or self._context is None:
            return
        current = self._tls.current()
        if current is not self._shown:
            with suppress(OSError):  # replaced once more this very moment: the next look tries again
                self._load(self._context)
                self._shown = current

    async def stop(self) -> None:
        """Finish what is under way."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        self._socket.close()

    def _new_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._settings.tls_cert_file or "", self._settings.tls_key_file)


def _listen(host: str, port: int) -> socket.socket:
    host = host.strip("[]")  # as gRPC wants an address of IPv6, but nobody else
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::", backlog=128)
    except OSError as error:
        raise ConfigError(
            f"adapter.host, adapter.http_port: cannot listen at {host}:{port}: {error}"
        ) from error
