"""
The pages of a camera process, /metrics, /healthz and /readyz, from the same server as a worker's.
"""

from collections.abc import Callable
from http import HTTPStatus

from frames.errors import ConfigError
from workers.health import Complaint, HealthServer, _Request
from workers.metrics import WorkerMetrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class CameraPages(HealthServer):
    """Listens until it is closed; see `workers.health`."""

    def __init__(
        self, host: str, port: int, exposition: Callable[[], bytes], alive: Complaint, ready: Complaint
    ) -> None:
        """
        Args:
            exposition: What /metrics shows.

        Raises:
            ConfigError: Nobody can listen there.
        """
        self.exposition = exposition
        try:
            super().__init__(host, port, WorkerMetrics(), alive, ready)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConfigError(
                f"--http-port: cannot listen on {host} port {port}: {why}; name another"
            ) from error
        self.RequestHandlerClass = _CameraRequest


class _CameraRequest(_Request):
    server: CameraPages

    def do_GET(self) -> None:  # noqa: N802
        if self.path.partition("?")[0] == "/metrics":
            return self._answer(HTTPStatus.OK, CONTENT_TYPE, self.server.exposition())
        return super().do_GET()

    do_HEAD = do_GET  # noqa: N815
