"""
The HTTP server: listens, serves, and on SIGTERM finishes what is under way.
"""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from frames.errors import ConfigError
from frames.gateway.connection import connection_class
from frames.gateway.gateway_settings import GatewaySettings

BACKLOG = 1024
KEEP_ALIVE_S = 75


class HttpServer(uvicorn.Server):
    """
    Serves *app* until a signal comes, or `stop`.

    Args:
        stopping: Called once, when it takes no more connections: lets go whoever waits.

    Raises:
        ConfigError: The address is none of ours, or taken.
    """

    def __init__(self, settings: GatewaySettings, app: FastAPI, stopping: Callable[[], None]) -> None:
        ports = [settings.port, *([settings.metrics_port] if settings.metrics_port is not None else [])]
        self.listening = [_listen(settings.host, port) for port in ports]
        self._stopping = stopping
        config = uvicorn.Config(
            app,
            http=connection_class(settings),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # else any caller says who it is
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, round(settings.drain_s)),
            backlog=BACKLOG,
        )
        super().__init__(config)

    @property
    def address(self) -> str:
        host, port = self.listening[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def stop(self) -> None:
        """Take no more; the second time, finish nothing either."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but without a signal to itself afterwards: SIGTERM is to end with status 0."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM)
        for number in numbers:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def run_in_loop(server_of: Callable[[], Awaitable[None]]) -> None:
    """Run in the event loop that uvicorn prefers: uvloop, if it is installed."""
    factory = uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(server_of())  # type: ignore[arg-type]  # a coroutine


def _listen(host: str, port: int) -> socket.socket:
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::", backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(f"gateway.host, gateway.port: cannot listen at {host}:{port}: {error}") from error
