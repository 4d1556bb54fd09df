"""`detectscale autoscaler` as a process, as it runs in a pod."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import httpx

from detectscale.embedded.ports import free_port
from detectscale.settings import Settings, overrides
from tests.integration.adapter.keda import Keda
from tests.waiting import until

ROOT = Path(__file__).parents[3]


class AdapterProcess:
    """One replica, and KEDA's connection to it."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.grpc_port, self.http_port = free_port(), free_port()
        ports = {"grpc_port": self.grpc_port, "http_port": self.http_port}
        settings = settings.model_copy(update={"adapter": settings.adapter.model_copy(update=ports)})
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | overrides(settings)
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "detectscale", "autoscaler"],
                stdout=output,
                stderr=output,
                env=environment,
            )
        self.keda = Keda(f"localhost:{self.grpc_port}")
        until(self.listens, within_s=60)

    def listens(self) -> bool:
        assert self.process.poll() is None, "the adapter has ended"
        try:
            return self._get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    def desired(self, target: str) -> int | grpc.StatusCode:
        """Desired replicas, or why not."""
        try:
            return self.keda.metrics(target=target)[0][1]
        except grpc.RpcError as error:
            return error.code()

    @property
    def deciding(self) -> bool:
        found = re.search(r"^detectscale_deciding\{.*\} (\S+)$", self._get("/metrics").text, re.MULTILINE)
        return found is not None and float(found[1]) == 1.0

    def kill(self) -> None:
        """As a node that burns."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As kubelet does; return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def close(self) -> None:
        self.keda.close()
        self.kill()

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://localhost:{self.http_port}{path}", timeout=5)
