"""One adapter whose broker freezes: it answers from memory, then it says that it does not know."""

import threading
import time
from dataclasses import dataclass, field

import grpc
import pytest

from autoscaler.adapter.scaled_fleet import UnseenFleet
from autoscaler.adapter.serve import run_adapter
from autoscaler.adapter.settings import AdapterSettings
from autoscaler.decision import Decision
from autoscaler.policy_settings import PolicySettings
from detectscale.embedded.ports import free_port
from frames.clients import producer
from frames.topics import TopicSettings, create_topics
from tests.integration.adapter.keda import Keda
from tests.integration.faults.brokers import cluster, reached
from tests.waiting import until

PARAMS = PolicySettings(tick_s=0.2, max_replicas=4)
STALE_S = 4.0


@dataclass
class Turns:
    """An election that this process wins until it resigns."""

    resigned: int = 0

    def held(self) -> bool:
        return not self.resigned

    def resign(self) -> None:
        self.resigned += 1


@dataclass
class Watching(UnseenFleet):
    """A fleet that asks the adapter, as KEDA would, before each new decision is out."""

    keda: Keda
    seen: list[tuple[int, int]] = field(default_factory=list)
    """Replicas decided, and replicas told at that moment."""

    def anticipate(self, decision: Decision, statuses: object) -> None:
        if self.keda.status("metrics", target="frames") is grpc.StatusCode.OK:
            self.seen.append((decision.replicas, self.keda.metrics(target="frames")[0][1]))


@pytest.fixture
def broker(tmp_path):
    with cluster(tmp_path / "kafka") as (only,):
        yield only


# kafka-python leaves refused sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_frozen_broker_costs_no_time_then_the_answer_then_the_turn(broker):
    kafka, topics = reached([broker]), TopicSettings(partitions=4)
    create_topics(kafka, topics)
    stop, turns, port = threading.Event(), Turns(), free_port()
    keda = Keda(f"localhost:{port}")
    fleet = Watching(keda)
    settings = AdapterSettings(grpc_port=port, http_port=None, stale_s=STALE_S)
    adapter = threading.Thread(
        target=run_adapter,
        args=(kafka, topics, "workers", PARAMS, settings, stop, lambda _: fleet, turns),
    )
    adapter.start()
    try:
        until(lambda: keda.status("metrics", target="frames") is grpc.StatusCode.OK)
        client = producer(kafka)
        client.send(topics.frames, b"x", partition=0).get(10)
        client.close()
        wanted = until(lambda: keda.metrics(target="frames")[0][1])

        with broker.frozen():
            frozen_at, longest_s = time.monotonic(), 0.0
            while keda.status("metrics", target="frames") is grpc.StatusCode.OK:
                asked_at = time.monotonic()
                assert keda.spec(target="frames")
                longest_s = max(longest_s, time.monotonic() - asked_at)
                assert asked_at - frozen_at < 10 * STALE_S
            held_s = time.monotonic() - frozen_at
            assert broker.state == "T"
            assert keda.spec(target="frames")
            until(lambda: turns.resigned)

        turns.resigned = 0
        until(lambda: keda.status("metrics", target="frames") is grpc.StatusCode.OK)
    finally:
        stop.set()
        adapter.join()
        keda.close()

    assert longest_s < 1.0
    assert STALE_S - 1 < held_s < STALE_S + 1
    assert (wanted, 0) in fleet.seen  # the surge came before anybody could have been told
    assert turns.resigned == 1  # at the end: another's turn comes at once
