"""Outcomes written to the real broker, and a corner of the real Redis, for the tests of `frames`."""

import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest

from frames.clients import KafkaSettings, producer
from frames.event import Message
from frames.outcome import Dead, Detected, Expired, Outcome
from frames.projection import RedisSettings
from frames.topics import TopicSettings

Write = Callable[[Sequence[Outcome | tuple[str, Message]]], None]


@pytest.fixture
def redis(redis_url: str) -> RedisSettings:
    """Settings under which this test sees only its own keys."""
    return RedisSettings(url=redis_url, key_prefix=f"{uuid.uuid4().hex[:8]}:")


@pytest.fixture
def write(kafka: KafkaSettings, topics: TopicSettings) -> Iterator[Write]:
    """Append outcomes to their topics, or messages to any; all are acknowledged when it returns."""
    client = producer(kafka)
    topic_of = {Detected: topics.detections, Expired: topics.expired, Dead: topics.dead}

    def append(outcomes: Sequence[Outcome | tuple[str, Message]]) -> None:
        futures = []
        for outcome in outcomes:
            known = outcome if isinstance(outcome, tuple) else (topic_of[type(outcome)], outcome.message())
            topic, message = known
            futures.append(client.send(topic, message.value, message.key, list(message.headers)))
        for future in futures:
            future.get(timeout=10)

    yield append
    client.close(timeout=5)
