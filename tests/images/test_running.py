"""The images at work, as the manifests run them: read-only, without root and without capabilities."""

import time
import urllib.request
import uuid

import pytest

from detectscale.embedded.ports import free_port
from detectscale.settings import Settings, overrides
from frames.clients import KafkaSettings
from frames.ledger import read_ledger
from frames.projection import RedisSettings
from frames.publisher import Publisher, PublisherSettings
from frames.results import Results
from frames.sources import captured
from frames.store import StoreCamera
from frames.topics import TopicSettings
from tests.images.container import Container
from tests.waiting import until


@pytest.fixture
def redis(redis_url: str) -> RedisSettings:
    """Settings under which this test sees only its own keys."""
    return RedisSettings(url=redis_url, key_prefix=f"{uuid.uuid4().hex[:8]}:")


@pytest.fixture
def environment(kafka: KafkaSettings, topics: TopicSettings, redis: RedisSettings) -> dict[str, str]:
    """Settings of this test's own, as a pod gets them."""
    settings = Settings(topics=topics, kafka=kafka, redis=redis)
    worker = settings.worker.model_copy(update={"group_id": f"{topics.frames}.group"})
    return overrides(settings.model_copy(update={"worker": worker}))


@pytest.fixture
def frame(kafka: KafkaSettings, topics: TopicSettings) -> None:
    """One frame of a shop, published."""
    publisher = Publisher(kafka, topics, PublisherSettings())
    publisher.offer(captured("door", StoreCamera(9003).jpeg(0.0)[0], time.time(), 0))
    assert publisher.close(timeout_s=30).acknowledged == 1


@pytest.mark.usefixtures("frame")
def test_a_worker_detects_and_a_projector_tells(worker, control, environment, kafka, topics, redis, tmp_path):
    detecting = Container(worker, tmp_path / "worker", ["worker"], environment)
    telling = Container(control, tmp_path / "projector", ["project"], environment)
    results = Results(redis)

    with detecting, telling:
        until(lambda: detecting.ended or telling.ended or results.latest("door"), within_s=90)
        statuses = detecting.stop(), telling.stop()

    assert statuses == (0, 0), detecting.said() + telling.said()
    assert read_ledger(kafka, topics).detected == 1, detecting.said()
    assert results.latest("door")["detections"]


def test_an_autoscaler_becomes_ready(control, environment, tmp_path):
    port = free_port()
    ports = {"DETECTSCALE_ADAPTER__GRPC_PORT": str(free_port()), "DETECTSCALE_ADAPTER__HTTP_PORT": str(port)}

    with Container(control, tmp_path / "autoscaler", ["autoscaler"], environment | ports) as container:
        until(lambda: container.ended or answers(f"http://localhost:{port}/readyz"), within_s=60)
        assert not container.ended, container.said()

        assert container.stop() == 0, container.said()


def answers(url: str) -> bool:
    """Ask once whether *url* answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # ours
            return True
    except OSError:
        return False
