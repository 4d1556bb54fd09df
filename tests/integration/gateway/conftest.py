"""A real gateway in a process of its own, in front of the real broker and the real Redis."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from detectscale.places import reached
from detectscale.settings import Settings, overrides
from frames.claim_check import ClaimCheckSettings
from frames.clients import KafkaSettings
from frames.gateway.api_keys import new_key
from frames.gateway.gateway_settings import GatewaySettings
from frames.projector import Projector
from frames.store import StoreCamera
from frames.topics import TopicSettings
from tests.waiting import until

LARGEST = 12 * 1024 * 1024
"""Bytes of an image; those over 10 MiB go by claim check."""
StartGateway = Callable[..., "GatewayProcess"]
"""Takes a failpoint, settings of other sections by name, and fields of GatewaySettings that differ."""


class GatewayProcess:
    """One gateway, listening."""

    def __init__(
        self, gateway: GatewaySettings, environment: dict[str, str], log: Path, failpoint: str
    ) -> None:
        self.log = log
        self._clients: list[httpx.Client] = []
        program = Path(__file__).parent / "gateway_process.py"
        command = [sys.executable, str(program), gateway.model_dump_json(), failpoint]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
            )
        self.url = str(until(self._said)[1])

    def client(self, key: str | None = None) -> httpx.Client:
        """A client that is closed with the gateway."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)
        self._clients.append(client)
        return client

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for client in self._clients:
            client.close()
        print(f"--- gateway\n{self.log.read_text(errors='replace')[-4000:]}")

    @property
    def place(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    @property
    def resident_mib(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def stop(self) -> int:
        """Its exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def _said(self) -> "re.Match[str] | None":
        text = self.log.read_text(errors="replace")
        assert self.process.poll() is None, text
        return re.search(r"listening at (\S+)", text)


@pytest.fixture
def settings(kafka: KafkaSettings, topics: TopicSettings, redis_url: str, tmp_path: Path) -> Settings:
    """Keys in Redis, a consumer group, topics and a folder for large frames of this test's own."""
    own = uuid.uuid4().hex[:8]
    defaults = Settings(topics=topics)
    worker = defaults.worker.model_copy(update={"group_id": f"{own}.group"})
    redis = defaults.redis.model_copy(update={"key_prefix": f"{own}:"})
    claims = ClaimCheckSettings(roots=(str(tmp_path / "claims"),), max_bytes=LARGEST)
    (tmp_path / "claims").mkdir()
    settings = defaults.model_copy(
        update={"worker": worker, "redis": redis, "kafka": kafka, "claim_checks": claims}
    )
    return reached(settings, kafka.bootstrap_servers, redis_url)


@pytest.fixture
def start_gateway(settings: Settings, tmp_path: Path) -> Iterator[StartGateway]:
    gateways: list[GatewayProcess] = []

    def start(
        failpoint: str = "", sections: dict[str, Any] | None = None, **different: Any
    ) -> GatewayProcess:
        changed = settings.model_copy(update=sections or {})
        log = tmp_path / f"gateway-{len(gateways)}.log"
        gateway = GatewaySettings(port=0, **different)
        gateways.append(GatewayProcess(gateway, overrides(changed), log, failpoint))
        return gateways[-1]

    yield start
    for gateway in gateways:
        gateway.end()


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A file with the keys of two tenants, and these by tenant."""
    file = tmp_path / "keys"
    made = {tenant: new_key(tenant) for tenant in ("shop-1", "shop-2")}
    file.write_text("".join(f"{line}\n" for _, line in made.values()))
    return file, {tenant: key for tenant, (key, _) in made.items()}


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A real `detectscale worker`."""
    command = [sys.executable, "-m", "detectscale", "worker", "--worker-id", "worker-0"]
    with (tmp_path / "worker.log").open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | overrides(settings), stdout=output, stderr=subprocess.STDOUT
        )
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def projector(settings: Settings) -> Iterator[None]:
    """A real projector, on a thread."""
    stop = threading.Event()
    projector = Projector(settings.kafka, settings.topics, settings.redis, random.Random(1))
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A shop with people in it."""
    return StoreCamera(9005).jpeg(3.0)[0]
