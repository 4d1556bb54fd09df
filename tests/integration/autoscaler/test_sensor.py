"""What one look tells, where it takes a real broker to tell it."""

import time
from collections.abc import Iterator

import pytest

from autoscaler.fleet import Replica
from autoscaler.observation import Start
from autoscaler.oldest import Stamp
from autoscaler.sensor import Sensor
from frames.clients import KafkaSettings
from frames.status import PHASES, BatchSums, WorkerState, WorkerStatus
from frames.topics import TopicSettings


@pytest.fixture
def sensor(kafka: KafkaSettings, topics: TopicSettings, group: str) -> Iterator[Sensor]:
    sensor = Sensor(kafka, topics, group, replicas=tuple, rate_window_s=3.0)
    yield sensor
    sensor.close()


def test_what_is_committed_between_two_looks_was_served(sensor, topics, send, commit):
    now = time.time()
    for _ in range(8):
        send(topics.frames, b"x")
    commit(0, 1)
    first = sensor.observe(now)
    commit(0, 7)

    second = sensor.observe(now + 2)

    assert first.served_rate is None
    assert (second.served_rate, second.waiting) == (3.0, 1)
    assert (first.committed, second.committed) == (1, 7)


def test_a_group_that_never_committed_has_served_nobody_knows_what(sensor, topics, send, commit):
    now = time.time()
    send(topics.frames, b"x")
    sensor.observe(now)
    sensor.observe(now + 1)
    commit(0, 1)

    seen = sensor.observe(now + 2)

    assert (seen.served_rate, seen.committed, seen.waiting) == (None, 1, 0)


def test_the_record_that_woke_tells_its_own_age(sensor, topics, send, commit):
    commit(0, 0)
    now = time.time()
    sensor.observe(now - 20)
    send(topics.frames, b"x")
    sensor.woken({0: Stamp(0, now - 10)})

    seen = sensor.observe(now + 1)

    assert (seen.waiting, seen.oldest_age) == (1, pytest.approx(11.0))


def test_after_a_rest_the_first_look_sees_what_woke_and_the_next_one_all(sensor, topics, send, commit):
    commit(0, 0)
    now = time.time()
    sensor.observe(now - 20)
    for _ in range(3):
        send(topics.frames, b"x")
    sensor.woken({0: Stamp(0, now)})

    looks = [sensor.observe(now + seconds) for seconds in (0.0, 0.1)]

    assert [seen.waiting for seen in looks] == [1, 3]


def test_a_record_that_woke_and_was_served_tells_nothing_of_the_next(sensor, topics, send, commit):
    now = time.time()
    sensor.observe(now - 20)
    send(topics.frames, b"x")
    send(topics.frames, b"x")
    sensor.woken({0: Stamp(0, now - 10)})
    sensor.observe(now)
    commit(0, 1)

    seen = sensor.observe(now + 1)

    assert seen.oldest_age == pytest.approx(1.0, abs=0.9)


def test_what_earlier_workers_took_tells_what_is_left_of_a_start(kafka, topics, group, send):
    now = time.time()
    earlier = WorkerStatus(
        "a", now, WorkerState.STOPPED, now - 99, dict.fromkeys(PHASES, 2.0), 0, None, (), BatchSums(), "m"
    )
    joins = {phase: 1.0 for phase in PHASES if phase != "join"}
    later = WorkerStatus(
        "b", now, WorkerState.STARTING, now - sum(joins.values()), joins, 0, None, (), BatchSums(), "m"
    )
    for status in (earlier, later):
        send(topics.status, status.message().value, key=status.worker.encode())
    replicas = (Replica("b", now - 10, draining=False), Replica("c", now - 1, draining=False))
    sensor = Sensor(kafka, topics, group, lambda: replicas, rate_window_s=3.0)

    seen = sensor.observe(now + 0.5)

    sensor.close()
    assert seen.cold_start is not None
    assert seen.cold_start.mean_s == 2.0 * len(PHASES)
    assert seen.starting == (Start(10.5, pytest.approx(1.5, abs=1e-3)), Start(1.5, None))
