"""A broker that goes away and comes back: nothing accepted is lost, and everybody catches up."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectscale.embedded.kafka_server import EmbeddedKafka
from frames.clients import KafkaSettings, producer
from frames.projector import Projector
from frames.publisher import Publisher, PublisherSettings
from frames.results import Results
from frames.sources import captured
from frames.topics import TopicSettings, create_topics
from tests.integration.frames.outcomes import detected
from tests.integration.frames.waiting import DEADLINE_S, eventually, running

IMAGE = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
TOPICS = TopicSettings(partitions=1)


class Broker:
    """A broker that can be stopped and started at the same address, with the same records."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port: int | None = None
        self.start()

    def start(self) -> None:
        self._server = EmbeddedKafka(self._folder, port=self._port)
        self._server.__enter__()
        self.kafka = KafkaSettings(bootstrap_servers=self._server.bootstrap_servers)
        self._port = int(self._server.bootstrap_servers.rpartition(":")[2])

    def stop(self) -> None:
        self._server.__exit__(None, None, None)


@pytest.fixture(scope="module")
def broker(tmp_path_factory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("restarting"))
    create_topics(broker.kafka, TOPICS)
    yield broker
    broker.stop()


@contextmanager
def away(broker: Broker) -> Iterator[None]:
    """The broker is stopped for the length of the block."""
    broker.stop()
    try:
        yield
    finally:
        broker.start()


def test_frames_accepted_while_the_broker_is_away_arrive(broker):
    publisher = Publisher(broker.kafka, TOPICS, PublisherSettings())
    publisher.offer(captured("door", IMAGE, 0.0, 0))
    eventually(lambda: publisher.counts.acknowledged == 1)

    with away(broker):
        accepted = [publisher.offer(captured("door", IMAGE, 0.0, n)) for n in range(1, 4)]
        assert publisher.counts.acknowledged == 1
    counts = publisher.close(DEADLINE_S)

    assert all(accepted)
    assert (counts.accepted, counts.acknowledged, counts.failed) == (4, 4, 0)


def test_a_projector_catches_up_with_a_broker_that_was_away(broker, redis):
    projector, results = Projector(broker.kafka, TOPICS, redis, random.Random(7)), Results(redis)

    with running(projector):
        append(broker, 0)
        eventually(lambda: results.by_frame("door-0") is not None)
        with away(broker):
            pass
        append(broker, 1)
        eventually(lambda: results.by_frame("door-1") is not None)


def test_a_projector_started_before_its_broker_waits_for_it(broker, redis, caplog):
    quick = broker.kafka.model_copy(update={"connect_timeout_s": 0.2})
    projector, results = Projector(quick, TOPICS, redis, random.Random(7)), Results(redis)
    append(broker, 2)

    with caplog.at_level("INFO", "frames.projector"), running(projector):
        pass
    broker.stop()
    with running(projector):
        eventually(lambda: "no Kafka broker answers" in caplog.text)
        broker.start()
        eventually(lambda: results.by_frame("door-2") is not None)


def append(broker: Broker, offset: int) -> None:
    client = producer(broker.kafka)
    message = detected(TOPICS, offset).message()
    client.send(TOPICS.detections, message.value, message.key, list(message.headers)).get(timeout=DEADLINE_S)
    client.close(timeout=DEADLINE_S)
