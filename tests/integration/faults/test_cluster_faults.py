"""Three brokers, of which one is lost: number 32 of the table of faults, and a partition among brokers."""

import pytest
from kafka import TopicPartition

from frames.clients import reader
from tests.integration.faults.brokers import cluster, reached
from tests.integration.faults.rig import lasting
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster"), nodes=3) as brokers:
        yield brokers


@pytest.fixture
def brokers(three):
    """All three running, whatever the test before did to them."""
    for broker in three:
        if broker.ended:
            broker.start()
            broker.ready()
    return three


class Leaders:
    """Who leads the partitions of a topic, by what any broker that lives says."""

    def __init__(self, stage) -> None:
        self._topic = stage.topics.frames
        self._consumer = reader(stage.kafka, metadata_max_age_ms=500)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._consumer.close()

    def now(self):
        self._consumer.poll(timeout_ms=100)  # lets it refresh what it knows
        partitions = self._consumer.partitions_for_topic(self._topic) or ()
        leader = self._consumer._cluster.leader_for_partition
        return {partition: leader(TopicPartition(self._topic, partition)) for partition in sorted(partitions)}


@pytest.mark.parametrize(
    ("what", "lose"),
    [
        pytest.param("32 leader killed", lambda broker: broker.kill(), id="killed"),
        pytest.param("32 leader leaves", lambda broker: broker.stop(), id="stopped"),
    ],
)
def test_a_leader_that_is_lost_is_replaced_and_nothing_with_it(rig, brokers, what, lose):
    stage = rig(what, kafka=reached(brokers), replication_factor=3)
    workers = stage.steady()
    with Leaders(stage) as leaders:
        before = leaders.now()
        [victim] = [broker for broker in brokers if broker.node == before[0]]

        stage.broken()
        lose(victim)
        after = until(lambda: victim.node not in (now := leaders.now()).values() and now, 20)

    stage.verdict(fired=f"leaders {before} -> {after}", in_flight=stage.in_flight(2), progress=True)
    assert all(worker.alive for worker in workers)


def test_a_leader_that_hangs_is_replaced_and_comes_back_as_a_follower(rig, brokers):
    stage = rig("32 leader frozen for 8 s", kafka=reached(brokers), replication_factor=3)
    workers = stage.steady()
    with Leaders(stage) as leaders:
        before = leaders.now()
        [victim] = [broker for broker in brokers if broker.node == before[0]]

        stage.broken()
        with victim.frozen():
            lasting(8)
            fired = victim.state == "T" and f"broker {victim.node} stopped, leaders were {before}"
        stage.healed()

    stage.verdict(fired=fired, in_flight=stage.in_flight(2), progress=False)
    assert all(worker.alive for worker in workers)
