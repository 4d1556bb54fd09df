"""
Everything that exports metrics, as real processes, and a Prometheus that has seen frames go through them.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from detectscale.embedded.ports import HOST, free_port
from detectscale.places import reached
from detectscale.publish import publish_files
from detectscale.settings import Settings
from frames.clients import KafkaSettings
from frames.store import StoreCamera
from frames.topics import create_topics
from tests.e2e.monitoring.prometheus import SCRAPE_S, Prometheus, prometheus
from tests.integration.faults.command_process import CommandProcess
from tests.waiting import until

FRAMES = 6
JPEG = {"content-type": "image/jpeg"}
AUTOSCALER = "autoscaler.detectscale.svc"
"""The name on its certificate in the cluster."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process with metrics."""

    arguments: Sequence[str]
    port: int
    """Of its metrics."""
    sections: Mapping[str, Mapping[str, Any]]
    """What its settings have of their own."""


@pytest.fixture(scope="module")
def observed(
    kafka: KafkaSettings, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A Prometheus that has scraped all processes before, while and after frames went through them."""
    folder = tmp_path_factory.mktemp("monitoring")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    settings, door = _settings(kafka, redis_url), free_port()
    create_topics(settings.kafka, settings.topics)
    parts = _parts(folder, authority, door)
    scraped = {name: f"{HOST}:{part.port}" for name, part in parts.items()}
    secrets = {"autoscaler-tls/ca.crt": folder / "ca.crt"}
    with ExitStack() as running:
        for name, part in parts.items():
            own = _changed(settings, part.sections)
            running.callback(_end, CommandProcess(name, part.arguments, own, folder, {}))
        watching = running.enter_context(prometheus(folder, scraped, secrets))
        until(lambda: set(watching.targets().values()) == {"up"})
        _send_frames(f"http://{HOST}:{door}", settings, folder)
        _await_scrapes(watching, len(parts))
        yield watching


def _parts(folder: Path, authority: trustme.CA, door: int) -> dict[str, Part]:
    """By the names of their components; *door* is the gateway's port for clients."""
    cameras = folder / "cameras.yaml"
    cameras.write_text("shelf: {source: store:7, fps: 5, motion: {}}")
    worker, autoscaler, gateway, camera = (free_port() for _ in range(4))
    keda = _certificate(authority, folder) | {"grpc_port": free_port(), "http_port": autoscaler}
    return {
        "worker": Part(["worker", "--worker-id", "worker-0"], worker, {"worker": {"http_port": worker}}),
        "autoscaler": Part(["autoscaler"], autoscaler, {"adapter": keda}),
        "gateway": Part(["gateway"], gateway, {"gateway": {"port": door, "metrics_port": gateway}}),
        "camera": Part(["camera", "--cameras", str(cameras), "--http-port", str(camera)], camera, {}),
    }


def _settings(kafka: KafkaSettings, redis_url: str) -> Settings:
    """Topics, a group and keys in Redis of this module's own."""
    own = uuid.uuid4().hex[:8]
    names = ("frames", "detections", "expired", "dead", "status", "decisions")
    topics: dict[str, Any] = {name: f"{own}.{name}" for name in names} | {"partitions": 4}
    sections: dict[str, dict[str, Any]] = {
        "topics": topics,
        "worker": {"group_id": f"{own}.group"},
        "redis": {"key_prefix": f"{own}:"},
    }
    return reached(_changed(Settings(kafka=kafka), sections), kafka.bootstrap_servers, redis_url)


def _changed(settings: Settings, sections: Mapping[str, Mapping[str, Any]]) -> Settings:
    return settings.model_copy(
        update={name: getattr(settings, name).model_copy(update=fields) for name, fields in sections.items()}
    )


def _end(process: CommandProcess) -> None:
    """Print what it said, which is shown if something failed."""
    alive = process.alive
    process.end()
    print(f"--- {process.name} {'ran' if alive else 'had ended'}\n{process.said[-2000:]}")


def _certificate(authority: trustme.CA, folder: Path) -> dict[str, Any]:
    chain, key = folder / "tls.crt", folder / "tls.key"
    issued = authority.issue_cert(AUTOSCALER)
    chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return {"tls_cert_file": str(chain), "tls_key_file": str(key)}


def _send_frames(gateway: str, settings: Settings, folder: Path) -> None:
    """Good ones and one that is refused by HTTP, and one by Kafka that dies."""
    camera, broken = StoreCamera(9003), folder / "broken.jpg"
    broken.write_bytes(b"no image")
    with httpx.Client(base_url=gateway, timeout=60, trust_env=False) as client:
        until(lambda: _ready(client))
        for n in range(FRAMES):
            picture = camera.jpeg(n / 10)[0]
            for path, status in (("/v1/frames", httpx.codes.ACCEPTED), ("/v1/detect", httpx.codes.OK)):
                assert client.post(path, content=picture, headers=JPEG).status_code == status
        refused = client.post("/v1/frames", content=b"no image", headers=JPEG)
        assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    publish_files(settings, [broken], "door", True)


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _await_scrapes(watching: Prometheus, processes: int) -> None:
    """Wait until what has happened is in two samples of each process."""
    dead = 'sum(detectscale_frames_total{outcome="dead"}) == 1'
    until(lambda: watching.query(dead))
    counts = "count_over_time(up[1h])"
    before = {str(one["metric"]): float(one["value"][1]) for one in watching.query(counts)}
    assert len(before) == processes

    def twice_more() -> bool:
        now = {str(one["metric"]): float(one["value"][1]) for one in watching.query(counts)}
        return all(count >= before[target] + 2 for target, count in now.items())

    until(twice_more, 30 * SCRAPE_S)
