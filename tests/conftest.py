"""What every test may ask for: a real Kafka and a real Redis for the session, fresh topics for each test."""

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import settings

from detectscale.embedded.kafka_server import EmbeddedKafka
from detectscale.embedded.redis_server import EmbeddedRedis
from frames.clients import KafkaSettings
from frames.topics import TopicSettings, create_topics

settings.register_profile("untimed", deadline=None)  # a slow machine is no wrong answer
settings.load_profile("untimed")

pytest_plugins = ["tests.s3_server"]


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka")) as server:
        yield KafkaSettings(bootstrap_servers=server.bootstrap_servers)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture
def topics(kafka: KafkaSettings) -> TopicSettings:
    """Topics of this test's own, created on the broker."""
    own = uuid.uuid4().hex[:8]
    names = ("frames", "detections", "expired", "dead", "status", "decisions")
    settings = TopicSettings(**{name: f"{own}.{name}" for name in names}, partitions=4)
    create_topics(kafka, settings)
    return settings
