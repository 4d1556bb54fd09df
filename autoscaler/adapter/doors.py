"""
Both doors, gRPC and HTTP, in one event loop in a thread of its own.
"""

import asyncio
import threading
import time
from concurrent.futures import Future
from contextlib import suppress

from autoscaler.adapter.bearer_token import Token
from autoscaler.adapter.callers import Callers
from autoscaler.adapter.calls import Calls
from autoscaler.adapter.certificates import certificates
from autoscaler.adapter.external_scaler import ExternalScaler
from autoscaler.adapter.grpc_server import GrpcServer
from autoscaler.adapter.http_server import HttpServer
from autoscaler.adapter.http_twin import http_app
from autoscaler.adapter.settings import AdapterSettings
from autoscaler.adapter.targets import Targets
from autoscaler.adapter.vitals import Vitals

LOOK_S = 0.2
"""How often it is looked whether we are ready, and whether the certificate is new."""


class Doors:
    """Answers from construction until `close`."""

    def __init__(self, settings: AdapterSettings, targets: Targets, stop: threading.Event) -> None:
        """
        Args:
            stop: Set if they should fail one day, which `close` then tells.

        Raises:
            ConfigError: A port, a certificate or the token cannot be used.
        """
        self._settings = settings
        self._targets = targets
        self._vitals = Vitals(targets, time.monotonic(), settings.stale_s)
        self._stop = stop
        self._failure: BaseException | None = None
        self._open: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="doors")
        self._thread.start()
        self._open.result()

    def close(self) -> None:
        """End streams with OK, finish calls under way, leave the ports. May be called again."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._open.done():
                self._open.set_exception(error)
                return
            self._failure = error
            self._stop.set()

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        settings, calls, tls = self._settings, Calls(), certificates(self._settings)
        token = Token(settings.token_file) if settings.token_file else None
        callers = Callers(settings.allowed_clients)
        scaler = ExternalScaler(self._targets, callers, calls, settings.max_connection_age_s)
        http = None
        if settings.http_port is not None:
            http = HttpServer(settings, tls, http_app(self._targets, calls, self._vitals, token))
        grpc = GrpcServer(settings, tls, scaler)
        try:
            await grpc.start()
            if http is not None:
                http.start()
            self._open.set_result(None)
            while not self._closing.is_set():
                await grpc.say(self._vitals.not_ready(time.monotonic()) is None)
                if http is not None:
                    http.renew()
                await self._wait(LOOK_S)
        finally:
            self._vitals.stopping = True
            await grpc.stop()
            if http is not None:
                await http.stop()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
