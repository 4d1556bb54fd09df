"""What the autoscaler writes to a real API server: numbers before KEDA, costs, Events."""

import time
from dataclasses import replace

import pytest

from autoscaler.kubernetes_fleet.deletion_cost import BUSY, DELETION_COST, STARTING
from autoscaler.kubernetes_fleet.fleet import KubernetesFleet
from frames.status import BatchSums, WorkerState, WorkerStatus
from tests.unit.autoscaler.adapter.made import entry
from tests.waiting import until

MADE = entry().decision


def decision(replicas):
    return replace(MADE, replicas=replicas, at=time.time())


def status(worker, in_flight=0, idle_since=0.0, state=WorkerState.READY):
    return WorkerStatus(worker, time.time(), state, 0.0, {}, in_flight, idle_since, (), BatchSums(), "m")


@pytest.fixture
def fleet(objects, view):
    """One that sees a Deployment at zero, which KEDA owns."""

    def seen(annotations=None, replicas=0, **scaled_object):
        objects.deployment(replicas)
        objects.scaled_object(annotations, **scaled_object)
        until(lambda: view.owner("worker") and "worker" in view._deployments.objects, every_s=0.01)
        return KubernetesFleet(view, "frames", "worker")

    return seen


def test_from_zero_all_are_wanted_before_the_push(objects, fleet):
    anticipating = fleet()

    began_at = time.monotonic()
    anticipating.anticipate(decision(6), {})
    took_s = time.monotonic() - began_at

    assert objects.wanted() == 6
    assert took_s < 0.5


def test_the_first_replica_is_left_to_keda(objects, fleet):
    fleet().anticipate(decision(1), {})

    assert objects.wanted() == 0


def test_what_is_written_over_it_is_put_back_once(objects, view, fleet):
    fleet().anticipate(decision(6), {})

    objects.write_wanted(1)
    until(lambda: objects.wanted() == 6, within_s=2, every_s=0.01)
    objects.write_wanted(1)
    until(lambda: view.deployment("worker").replicas == 1, every_s=0.01)

    assert view.acts.settled(2)
    assert objects.wanted() == 1


def test_with_some_running_more_are_wanted_once_that_is_published(objects, view, fleet):
    anticipating = fleet(replicas=1)
    anticipating.anticipate(decision(1), {})

    anticipating.anticipate(decision(4), {})
    assert objects.wanted() == 1
    anticipating.scale(4, {}, time.time())

    until(lambda: objects.wanted() == 4, within_s=2, every_s=0.01)


def test_fewer_are_left_to_the_hpa(objects, view, fleet):
    anticipating = fleet(replicas=4)
    anticipating.anticipate(decision(4), {})

    anticipating.anticipate(decision(2), {})
    anticipating.scale(2, {}, time.time())

    assert view.acts.settled(2)
    assert objects.wanted() == 4


def test_who_scales_by_hand_is_not_contradicted(objects, view, fleet):
    anticipating = fleet(replicas=4)
    anticipating.anticipate(decision(4), {})
    objects.write_wanted(2)
    until(lambda: view.deployment("worker").replicas == 2, every_s=0.01)

    anticipating.anticipate(decision(4), {})
    anticipating.scale(4, {}, time.time())

    assert view.acts.settled(2)
    assert objects.wanted() == 2


@pytest.mark.parametrize(
    "scaled_object",
    [
        pytest.param({"annotations": {"autoscaling.keda.sh/paused": "true"}}, id="paused"),
        pytest.param({"annotations": {"autoscaling.keda.sh/paused-replicas": "0"}}, id="paused at a number"),
        pytest.param({"annotations": {"autoscaling.keda.sh/paused-scale-out": "true"}}, id="paused upwards"),
        pytest.param({"scaleTargetRef": {"name": "other"}}, id="of another"),
        pytest.param({"trigger": {"target": "other"}}, id="by another target"),
        pytest.param({"trigger": {"metric": "queue-lag"}}, id="by its own rule"),
    ],
)
def test_what_keda_does_not_own_is_left_alone(objects, view, scaled_object):
    objects.deployment()
    objects.scaled_object(**scaled_object)
    until(lambda: view._scaled_objects.objects and view._deployments.objects, every_s=0.01)

    KubernetesFleet(view, "frames", "worker").anticipate(decision(6), {})

    assert objects.wanted() == 0


def test_no_more_than_keda_allows(objects, fleet):
    fleet(maxReplicaCount=3).anticipate(decision(6), {})

    assert objects.wanted() == 3


def test_who_is_idle_is_cheaper_before_anybody_hears_that_one_must_go(objects, view, fleet):
    anticipating = fleet(replicas=0)
    for name in ("busy", "idle", "starting"):
        objects.pod(name)
        objects.run(name)
    until(lambda: sum(one.up for one in anticipating.replicas()) == 3, every_s=0.01)
    statuses = {one.worker: one for one in (status("busy", 3, None), status("idle"))}

    anticipating.anticipate(decision(2), statuses)

    assert objects.annotations("busy") == {DELETION_COST: str(BUSY + 2)}
    assert objects.annotations("idle") == {}
    assert objects.annotations("starting") == {DELETION_COST: str(STARTING + 2)}


def test_the_reason_of_a_change_is_told_and_counted(objects, view, fleet):
    anticipating = fleet()
    for replicas in (2, 1, 3):
        anticipating.anticipate(decision(replicas), {})

    assert view.tells.settled(5)

    told = {one["reason"]: one for one in objects.events()}
    assert told["ScaleUp"]["count"] == 2
    assert told["ScaleUp"]["message"].startswith("1 → 3 workers: 42 frames waiting")
    assert told["ScaleDown"]["count"] == 1
    assert told["ScaleUp"]["involvedObject"]["kind"] == "ScaledObject"
