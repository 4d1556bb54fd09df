"""Records, commits and workers' reports, put into Kafka by hand."""

from collections.abc import Callable, Iterator

import pytest

from frames.clients import KafkaSettings, admin, producer
from frames.topics import TopicSettings
from tests.waiting import until

GROUP = "workers"


@pytest.fixture
def send(kafka: KafkaSettings) -> Iterator[Callable[..., None]]:
    """`send(topic, value, partition=0, key=None, timestamp_ms=None)`: acknowledged when it returns."""
    client = producer(kafka)

    def send_one(topic: str, value: bytes, **options: object) -> None:
        client.send(topic, value, **{"partition": 0} | options).get(10)

    yield send_one
    client.close()


@pytest.fixture
def group(topics: TopicSettings) -> str:
    """A worker group of this test's own."""
    return f"{topics.frames}.{GROUP}"


@pytest.fixture
def commit(kafka: KafkaSettings, topics: TopicSettings, group: str) -> Iterator[Callable[[int, int], None]]:
    """`commit(partition, offset)` as the worker group, which has no members meanwhile."""
    from kafka import TopicPartition
    from kafka.errors import CoordinatorNotAvailableError, NoError
    from kafka.structs import OffsetAndMetadata

    client = admin(kafka)

    def committed(partition: int, offset: int) -> bool:
        place = TopicPartition(topics.frames, partition)
        try:
            return client.alter_group_offsets(group, {place: OffsetAndMetadata(offset)}) == {place: NoError}
        except CoordinatorNotAvailableError:  # a new broker makes room for offsets at the first question
            return False

    def commit_one(partition: int, offset: int) -> None:
        until(lambda: committed(partition, offset))

    yield commit_one
    client.close()
