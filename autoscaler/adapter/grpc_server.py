"""
The gRPC server: TLS, health, how long connections last, and how it ends.
"""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio

from autoscaler.adapter.certificates import Certificates
from autoscaler.adapter.external_scaler import SERVICE, ExternalScaler
from autoscaler.adapter.settings import AdapterSettings
from frames.errors import ConfigError
from frames.watched_files import WatchedFiles

GRACE_S = 2.0
"""How long calls under way may take once we are to stop."""
SETTLE_S = 60.0
"""An old connection is cut so long after the last of its streams should have ended by itself."""
MAX_REQUEST_BYTES = 64 * 1024
MAX_PENDING = 20_000
"""
Calls that may wait to be taken up. Beyond 1,000, its default, gRPC throws some away at random; but when
an adapter starts, KEDA opens two streams for each ScaledObject at once, and what fails it retries ever later.
"""


class GrpcServer:
    """Serves an `ExternalScaler`; belongs to one event loop."""

    def __init__(
        self, settings: AdapterSettings, tls: WatchedFiles[Certificates] | None, scaler: ExternalScaler
    ) -> None:
        self._settings = settings
        self._tls = tls
        self._scaler = scaler
        self._health = health_aio.HealthServicer()
        self._server = grpc.aio.server(options=options(settings.max_connection_age_s))

    async def start(self) -> None:
        """
        Listen.

        Raises:
            ConfigError: The address is none of ours, or taken.
        """
        server, address = self._server, f"{self._settings.host}:{self._settings.grpc_port}"
        server.add_generic_rpc_handlers((self._scaler.handlers(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        if self._settings.reflection:
            from grpc_reflection.v1alpha import reflection

            reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), server)
        try:
            if self._tls is None:
                server.add_insecure_port(address)
            else:
                server.add_secure_port(address, credentials(self._tls))
        except RuntimeError as error:
            raise ConfigError(f"adapter.host, adapter.grpc_port: cannot listen at {address}") from error
        await server.start()

    async def say(self, ready: bool) -> None:
        """Let the health service say whether we are ready."""
        statuses = health_pb2.HealthCheckResponse
        status = statuses.SERVING if ready else statuses.NOT_SERVING
        for service in ("", SERVICE):
            await self._health.set(service, status)

    async def stop(self) -> None:
        """Say that we are not ready, take no more calls, end streams with OK, finish what is under way."""
        await self._health.enter_graceful_shutdown()
        self._scaler.close()
        await self._server.stop(GRACE_S)


def options(max_connection_age_s: float) -> list[tuple[str, int]]:
    """
    What the connections are told.

    KEDA's client neither pings nor sets deadlines, and looks a name up again only when it
    connects. So it is we who ping, and who send it away from time to time.
    """
    age_ms = int(max_connection_age_s * 1000)
    return [
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
        ("grpc.max_connection_age_ms", age_ms),
        ("grpc.max_connection_age_grace_ms", age_ms + int(SETTLE_S * 1000)),
        ("grpc.server.max_pending_requests", MAX_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING),
        ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
        ("grpc.max_metadata_size", 16 * 1024),
        ("grpc.so_reuseport", 0),  # two adapters at one port: the second shall fail, not share
    ]


def credentials(tls: WatchedFiles[Certificates]) -> grpc.ServerCredentials:
    """TLS with the certificates of the moment: they are looked at with every new connection."""
    given = tls.current()

    def renewed() -> Any:
        nonlocal given
        current = tls.current()
        if current is given:
            return None  # nothing has changed
        given = current
        return _configuration(current)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(given), renewed, require_client_authentication=given.client_ca is not None
    )


def _configuration(certificates: Certificates) -> Any:
    return grpc.ssl_server_certificate_configuration(
        [(certificates.key, certificates.chain)], certificates.client_ca
    )
