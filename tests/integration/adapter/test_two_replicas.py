"""Two replicas of the adapter on a real broker: one decides, both answer, and one is enough."""

from itertools import pairwise

import grpc
import pytest

from autoscaler.adapter.following import memory_after
from autoscaler.adapter.settings import AdapterSettings, TargetSettings
from autoscaler.journal import read_journal
from autoscaler.policy_settings import PolicySettings
from detectscale.embedded.ports import free_port
from detectscale.settings import Settings
from frames.clients import KafkaSettings, producer
from tests.integration.adapter.adapter_process import AdapterProcess
from tests.waiting import until

PARAMS = PolicySettings(tick_s=0.2, max_replicas=4, keep_alive_s=0.5)


@pytest.fixture
def settings(kafka, topics, tmp_path):
    adapter = AdapterSettings(election_file=str(tmp_path / "turn"))
    return Settings(kafka=kafka, topics=topics, policy=PARAMS, adapter=adapter)


@pytest.fixture
def start(tmp_path):
    """`start(settings)`: one more replica, listening."""
    started = []

    def one_more(settings):
        started.append(AdapterProcess(settings, tmp_path / f"adapter-{len(started)}.log"))
        return started[-1]

    yield one_more
    for adapter in started:
        adapter.close()


def append(kafka, topic, frames=40):
    client = producer(kafka)
    for number in range(frames):
        client.send(topic, b"x" * 100, partition=number % 4)
    client.flush(10)
    client.close()


def test_the_other_says_the_same_and_takes_over_with_what_was_remembered(kafka, topics, settings, start):
    name = topics.frames
    first = start(settings)
    until(lambda: first.desired(name) == 0)
    second = start(settings)
    until(lambda: second.desired(name) == 0)
    streams = [replica.keda.stream("StreamIsActive", target=name) for replica in (first, second)]

    append(kafka, name)
    until(lambda: all(stream.told[:1] == [True] for stream in streams), every_s=0.01)
    wanted = 4  # once all frames are seen: one for each partition
    until(lambda: first.desired(name) == second.desired(name) == wanted)
    assert (first.deciding, second.deciding) == (True, False)
    first.kill()
    answers = []
    until(lambda: answers.append(second.desired(name)) or second.deciding)
    decided = len(read_journal(kafka, topics.decisions, name))
    until(lambda: len(read_journal(kafka, topics.decisions, name)) > decided + 2)

    journal = read_journal(kafka, topics.decisions, name)
    assert set(answers) == {wanted}
    assert second.desired(name) == wanted
    assert all(after.memory == memory_after(before, PARAMS) for before, after in pairwise(journal))
    assert streams[1].ended is None


def test_one_that_is_told_to_stop_ends_streams_with_ok_and_leaves_the_other_its_turn(
    kafka, topics, settings, start
):
    name = topics.frames
    first, second = start(settings), start(settings)
    until(lambda: first.deciding and second.desired(name) == 0)
    streams = [first.keda.stream(method, target=name) for method in ("StreamIsActive", "StreamMetricSpec")]
    until(lambda: streams[1].told)

    status = first.stop()

    assert status == 0
    until(lambda: all(stream.ended for stream in streams))
    assert [stream.ended for stream in streams] == [grpc.StatusCode.OK] * 2
    until(lambda: second.deciding)
    assert second.desired(name) == 0


def test_one_that_starts_anew_goes_on_from_the_journal(kafka, topics, settings, start):
    name = topics.frames
    alone = settings.model_copy(update={"adapter": AdapterSettings()})
    append(kafka, name)
    first = start(alone)
    wanted = until(lambda: isinstance(answer := first.desired(name), int) and answer)
    first.stop()
    before = read_journal(kafka, topics.decisions, name)

    second = start(alone)
    until(lambda: second.desired(name) == wanted)

    journal = until(lambda: read_journal(kafka, topics.decisions, name)[len(before) :])
    assert journal[0].memory == memory_after(before[-1], PARAMS)


def test_each_target_is_decided_for_by_itself(kafka, topics, settings, start):
    targets = {
        "live": TargetSettings(group_id="live"),
        "shadow": TargetSettings(group_id="shadow", policy={"max_replicas": 1}),
    }
    adapter = start(settings.model_copy(update={"adapter": AdapterSettings(targets=targets)}))
    until(lambda: [adapter.desired(name) for name in targets] == [0, 0])

    append(kafka, topics.frames, frames=2000)

    until(lambda: [adapter.desired(name) for name in targets] == [4, 1])
    assert adapter.desired(topics.frames) is grpc.StatusCode.NOT_FOUND
    bounds = {
        name: {entry.params.max_replicas for entry in read_journal(kafka, topics.decisions, name)}
        for name in targets
    }
    assert bounds == {"live": {4}, "shadow": {1}}


def test_without_a_broker_the_spec_is_answered_and_nothing_else(topics, start):
    nobody = KafkaSettings(bootstrap_servers=f"localhost:{free_port()}", connect_timeout_s=1)
    adapter = start(Settings(kafka=nobody, topics=topics))

    assert adapter.keda.spec(target=topics.frames) == [("desired-replicas", 1, 1.0)]
    assert adapter.desired(topics.frames) is grpc.StatusCode.UNAVAILABLE
    assert adapter.stop() == 0
