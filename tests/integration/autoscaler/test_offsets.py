"""Lag and age as a real broker tells them, in the cases where subtraction alone goes wrong."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from autoscaler.arrivals import Bracket
from autoscaler.errors import ObservationError
from autoscaler.observation import OffsetAnomaly
from autoscaler.offsets import OffsetReader
from autoscaler.oldest import oldest_append
from frames.clients import KafkaSettings, admin, producer
from frames.topics import TopicSettings, create_topics


@pytest.fixture
def offsets(kafka: KafkaSettings, topics: TopicSettings, group: str) -> Iterator[OffsetReader]:
    reader = OffsetReader(kafka, topics.frames, group)
    yield reader
    reader.close()


def eventually(read: Callable[[], list], expected: list, within_s: float = 20.0) -> list:
    """What *read* returns once it is *expected*, or at the deadline; failures on the way are retried."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            seen = read()
        except ObservationError as error:
            seen = [error]
        if seen == expected or time.monotonic() > deadline:
            return seen
        time.sleep(0.05)


def lags(offsets: OffsetReader) -> Callable[[], list]:
    return lambda: [(partition.lag, partition.anomaly) for partition in offsets.read()]


def test_a_group_that_never_committed_has_everything_before_it(offsets, topics, send):
    for _ in range(3):
        send(topics.frames, b"x", partition=1)

    expected = [(0, None), (3, OffsetAnomaly.NO_COMMIT), (0, None), (0, None)]

    assert eventually(lags(offsets), expected) == expected


def test_what_is_committed_waits_no_more(offsets, topics, send, commit):
    for _ in range(3):
        send(topics.frames, b"x")
    commit(0, 2)

    expected = [(1, None), (0, None), (0, None), (0, None)]

    assert eventually(lags(offsets), expected) == expected


def test_a_topic_created_anew_waits_in_full(kafka, topics, offsets, send, commit):
    for _ in range(5):
        send(topics.frames, b"x")
    commit(0, 5)
    assert eventually(lags(offsets), [(0, None)] * 4) == [(0, None)] * 4
    client = admin(kafka)
    client.delete_topics([topics.frames])
    client.close()
    create_again(kafka, topics)

    commit(0, 5)  # a worker's commit that crossed the deletion
    for _ in range(2):
        send(topics.frames, b"x")

    expected = [(2, OffsetAnomaly.COMMIT_BEYOND_END), (0, None), (0, None), (0, None)]
    assert eventually(lags(offsets), expected) == expected


def create_again(kafka: KafkaSettings, topics: TopicSettings) -> None:
    """Create the deleted topic once the broker has let go of it."""
    client = admin(kafka)
    deadline = time.monotonic() + 20
    while topics.frames in client.list_topics() and time.monotonic() < deadline:
        time.sleep(0.05)
    client.close()
    create_topics(kafka, topics)


def delete_below(kafka: KafkaSettings, topics: TopicSettings, offset: int) -> None:
    """What retention does, in the first partition."""
    from kafka import TopicPartition

    client = admin(kafka)
    client.delete_records({TopicPartition(topics.frames, 0): offset})
    client.close()


def test_what_retention_deleted_does_not_wait(kafka, topics, offsets, send, commit):
    for _ in range(5):
        send(topics.frames, b"x")
    commit(0, 1)
    delete_below(kafka, topics, 3)

    expected = [(2, OffsetAnomaly.COMMIT_BEFORE_START), (0, None), (0, None), (0, None)]

    assert eventually(lags(offsets), expected) == expected


def test_what_retention_deletes_between_two_readings_is_noticed_in_time(kafka, topics, group, send, commit):
    offsets = OffsetReader(kafka, topics.frames, group, starts_for_s=0.5)
    for _ in range(5):
        send(topics.frames, b"x")
    for partition in range(4):
        commit(partition, 0)
    before = eventually(lags(offsets), [(5, None), (0, None), (0, None), (0, None)])
    delete_below(kafka, topics, 3)

    expected = [(2, OffsetAnomaly.COMMIT_BEFORE_START), (0, None), (0, None), (0, None)]

    assert before[0] == (5, None)
    assert eventually(lags(offsets), expected) == expected
    offsets.close()


def test_a_topic_created_anew_and_shorter_between_two_readings_is_noticed_at_once(
    kafka, topics, group, send, commit
):
    offsets = OffsetReader(kafka, topics.frames, group, starts_for_s=3600)
    for _ in range(5):
        send(topics.frames, b"x")
    delete_below(kafka, topics, 4)
    commit(0, 5)
    assert eventually(lags(offsets), [(0, None)] * 4) == [(0, None)] * 4
    client = admin(kafka)
    client.delete_topics([topics.frames])
    client.close()
    create_again(kafka, topics)
    send(topics.frames, b"x")

    expected = [(1, OffsetAnomaly.NO_COMMIT), (0, None), (0, None), (0, None)]

    assert eventually(lags(offsets), expected) == expected
    offsets.close()


@pytest.mark.parametrize(
    ("isolation_level", "lag"),
    [pytest.param("read_committed", 1, id="committed"), pytest.param("read_uncommitted", 3, id="all")],
)
def test_what_an_open_transaction_appended_waits_only_for_those_who_read_it(
    kafka, topics, group, send, isolation_level, lag
):
    settings = kafka.model_copy(update={"isolation_level": isolation_level})
    offsets = OffsetReader(settings, topics.frames, group)
    send(topics.frames, b"x")
    client = producer(kafka, transactional_id=group)
    client.init_transactions()
    client.begin_transaction()
    for _ in range(2):
        client.send(topics.frames, b"x", partition=0)
    client.flush(10)

    seen = eventually(lambda: [p.lag for p in offsets.read()], [lag, 0, 0, 0])

    client.abort_transaction()
    client.close()
    offsets.close()
    assert seen == [lag, 0, 0, 0]


def test_a_topic_that_is_not_there_is_an_error_and_not_a_lag_of_zero(kafka):
    offsets = OffsetReader(kafka, "no-such-topic", "nobody")

    with pytest.raises(ObservationError, match="no topic 'no-such-topic'"):
        offsets.read()
    offsets.close()


def test_a_broker_that_does_not_answer_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        offsets = OffsetReader(
            KafkaSettings(bootstrap_servers=f"127.0.0.1:{silent.getsockname()[1]}"), "f", "g"
        )

        with pytest.raises(ObservationError, match="no Kafka broker answers"):
            offsets.read()
        offsets.close()


def test_the_age_of_the_oldest_is_found_without_having_seen_it_arrive(kafka, topics, send):
    from kafka.admin import NewTopic

    client = admin(kafka)
    name = f"{topics.frames}.past"  # stamped by its producers, so that records of the past can be made
    client.create_topics([NewTopic(name, 1, 1)], wait_for_metadata=True)
    client.close()
    offsets, now = OffsetReader(kafka, name, "nobody"), time.time()
    for age in (300, 200, 100):
        send(name, b"x", timestamp_ms=int((now - age) * 1000))

    found = oldest_append({0: (1, Bracket(0.0, now))}, offsets.first_since)

    offsets.close()
    assert now - found == pytest.approx(200, abs=0.2)
