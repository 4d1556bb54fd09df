"""The whole loop: a real broker, real worker processes, from zero to some and back."""

import gc
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoscaler.autoscale import run
from autoscaler.decision import Decision
from autoscaler.journal import read_journal, replay
from autoscaler.local_fleet import LocalFleet
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings
from detectscale.embedded.kafka_server import EmbeddedKafka
from detectscale.embedded.ports import free_port
from frames.clients import KafkaSettings, producer
from frames.topics import TopicSettings, create_topics

STUB = str(Path(__file__).with_name("stub_worker.py"))
ROOT = Path(__file__).parents[3]
PARAMS = PolicySettings(max_replicas=3, keep_alive_s=1.0, rate_window_s=1.0, tick_s=0.2, service_prior_s=0.01)


@dataclass
class Loop:
    """The autoscaler in a thread of its own, and what it decided."""

    kafka: KafkaSettings
    topics: TopicSettings
    group: str
    fleet: LocalFleet
    seen: list[tuple[Observation, Decision]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        run(
            self.kafka,
            self.topics,
            PARAMS,
            self.fleet,
            self.group,
            self.stop,
            lambda *pair: self.seen.append(pair),
        )

    def until(
        self, condition: Callable[[Observation, Decision], bool], what: str, within_s: float = 40.0
    ) -> float:
        """Wait for a decision, made after this call, that meets *condition*; return when it was seen."""
        start, deadline = len(self.seen), time.monotonic() + within_s
        while not any(condition(*pair) for pair in self.seen[start:]):
            assert time.monotonic() < deadline, f"{what}; last: {self.seen[-1:]}"
            assert self.thread.is_alive()
            time.sleep(0.01)
        return time.monotonic()

    def until_zero(self) -> None:
        """Wait until nothing waits and nobody runs, which ends with the loop parked."""
        self.until(lambda seen, made: seen.waiting == made.replicas == 0, "back to zero")
        deadline = time.monotonic() + 20
        while self.fleet.replicas():
            assert time.monotonic() < deadline, "the last worker leaves"
            time.sleep(0.01)

    def close(self) -> float:
        """Stop; return how long it took."""
        asked_at = time.monotonic()
        self.stop.set()
        self.thread.join(20)
        self.fleet.close()
        assert not self.thread.is_alive()
        return time.monotonic() - asked_at


@pytest.fixture
def start_loop(tmp_path: Path) -> Iterator[Callable[..., Loop]]:
    loops: list[Loop] = []

    def start(kafka: KafkaSettings, topics: TopicSettings, group: str) -> Loop:
        servers = kafka.bootstrap_servers or ""
        command = [sys.executable, STUB, servers, topics.frames, topics.status, group]
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
        loops.append(Loop(kafka, topics, group, LocalFleet(command, env, tmp_path / "logs", drain_s=10.0)))
        return loops[-1]

    yield start
    for loop in loops:
        loop.close()


def burst(kafka: KafkaSettings, topics: TopicSettings, frames: int) -> None:
    client = producer(kafka)
    for number in range(frames):
        client.send(topics.frames, b"x" * 100, partition=number % topics.partitions)
    client.flush(10)
    client.close()


def test_from_zero_to_some_and_back_twice_and_the_journal_replays(kafka, topics, group, start_loop):
    loop = start_loop(kafka, topics, group)
    loop.until(lambda seen, made: True, "the first decision")

    for _ in range(2):
        burst(kafka, topics, 600)
        loop.until(lambda seen, made: made.replicas >= 2, "more than one worker")
        loop.until(lambda seen, made: seen.waiting == 0 and made.replicas > 0, "the burst is served")
        loop.until_zero()

    assert max(made.replicas for _, made in loop.seen) <= PARAMS.max_replicas
    profiles = [(seen.backlog_ages, seen.waiting) for seen, _ in loop.seen if seen.backlog_ages]
    assert profiles
    assert all(sum(records for _, records in ages) == waiting for ages, waiting in profiles)
    learned = loop.seen[-1][0]
    assert learned.service_time is not None
    assert learned.service_time.throughput(1) == pytest.approx(100, rel=0.05)
    assert learned.cold_start is not None
    journal = read_journal(kafka, topics.decisions, topics.frames)
    assert [entry.decision for entry in journal] == list(replay(journal, PARAMS))
    assert loop.close() < 10


def test_it_leaves_soon_after_it_is_told_to_while_parked(kafka, topics, group, start_loop):
    loop = start_loop(kafka, topics, group)
    loop.until_zero()

    assert loop.close() < 10


# kafka-python leaves refused sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_an_outage_is_sat_out(tmp_path, start_loop, caplog):
    caplog.set_level(logging.CRITICAL, logger="kafka")
    caplog.set_level(logging.WARNING)
    port = free_port()
    topics = TopicSettings(partitions=4)
    with EmbeddedKafka(tmp_path, port=port) as server:
        kafka = KafkaSettings(bootstrap_servers=server.bootstrap_servers)
        create_topics(kafka, topics)
        loop = start_loop(kafka, topics, "workers")
        burst(kafka, topics, 50)
        loop.until(lambda seen, made: seen.ready > 0, "a worker is ready")
        caplog.clear()
    deadline = time.monotonic() + 20
    while "the last decision holds" not in caplog.text:
        assert time.monotonic() < deadline, "the outage is noticed"
        time.sleep(0.01)
    held = loop.seen[-1][1].replicas

    with EmbeddedKafka(tmp_path, port=port):
        loop.until(lambda seen, made: True, "it decides again")
        burst(kafka, topics, 50)
        loop.until(lambda seen, made: seen.waiting > 0, "it sees new frames")
        loop.until_zero()
        loop.close()

    gc.collect()
    assert held > 0
    assert caplog.text.count("the last decision holds") == caplog.text.count("sees and acts again") == 1
