from datetime import UTC, datetime

import pytest

from autoscaler.kubernetes_fleet.fleet import replica
from autoscaler.kubernetes_fleet.pods import DELETION_COST, read_pod

BORN = 1_800_000_000.0


def second(after_s):
    return datetime.fromtimestamp(BORN + after_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def manifest(metadata=None, **status):
    return {
        "metadata": {"name": "a", "creationTimestamp": second(0), "labels": {"app": "w"}} | (metadata or {}),
        "status": {"phase": "Pending"} | status,
    }


def condition(kind, after_s=0.0, status="True", **more):
    return {"type": kind, "status": status, "lastTransitionTime": second(after_s)} | more


def container(after_s):
    return {"state": {"running": {"startedAt": second(after_s)}}}


WAITING = {"state": {"waiting": {"reason": "ContainerCreating"}}}


def test_a_new_pod_is_a_replica_that_is_not_up():
    pod = read_pod(manifest(), None, BORN + 0.2)

    assert (pod.name, pod.born_at, pod.up, pod.leaving, pod.ended) == ("a", BORN + 0.2, False, False, False)
    assert replica(pod).phases_s == {}


@pytest.mark.parametrize(
    ("seen_at", "born_at"),
    [
        pytest.param(BORN + 0.4, BORN + 0.4, id="within its second, it is when it was seen"),
        pytest.param(BORN + 60, BORN + 1, id="seen long after"),
        pytest.param(BORN - 5, BORN, id="by a clock that is behind"),
    ],
)
def test_an_instant_is_told_in_whole_seconds_and_seen_more_precisely(seen_at, born_at):
    assert read_pod(manifest(), None, seen_at).born_at == born_at


def test_each_phase_is_timed_from_the_end_of_the_one_before():
    steps = [
        (BORN + 0.1, []),
        (BORN + 0.3, [condition("PodScheduled", 0)]),
        (BORN + 2.3, [condition("PodScheduled", 0), condition("PodReadyToStartContainers", 2)]),
    ]
    pod = None
    for seen_at, conditions in steps:
        pod = read_pod(manifest(conditions=conditions, containerStatuses=[WAITING]), pod, seen_at)
    assert list(pod.phases_s) == ["schedule", "sandbox"]

    pod = read_pod(manifest(conditions=steps[-1][1], containerStatuses=[container(9)]), pod, BORN + 9.8)

    assert pod.up
    assert pod.phases_s == {
        "schedule": pytest.approx(0.2),
        "sandbox": pytest.approx(2.0),
        "image": pytest.approx(7.5),
    }


def test_a_start_is_remembered_when_the_container_starts_anew():
    first = read_pod(manifest(containerStatuses=[container(3)]), None, BORN + 3)
    crashed = read_pod(manifest(containerStatuses=[WAITING]), first, BORN + 60)
    again = read_pod(manifest(containerStatuses=[container(90)]), crashed, BORN + 90)

    assert (first.up, crashed.up, again.up) == (True, False, True)
    assert again.phases_s == first.phases_s


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_will_not_run_again_has_ended(phase):
    assert read_pod(manifest(phase=phase, reason="Evicted"), None, BORN).ended


def test_a_pod_that_is_to_go_drains():
    pod = read_pod(manifest({"deletionTimestamp": second(5)}), None, BORN)

    assert replica(pod).draining


def test_a_pod_without_a_node_is_told_apart_from_one_that_is_not_looked_at_yet():
    without = condition("PodScheduled", status="False", reason="Unschedulable")
    gated = condition("PodScheduled", status="False", reason="SchedulingGated")

    assert read_pod(manifest(conditions=[without]), None, BORN).unschedulable
    assert not read_pod(manifest(conditions=[gated]), None, BORN).unschedulable
    assert not read_pod(manifest(), None, BORN).unschedulable


@pytest.mark.parametrize(("text", "cost"), [("-3", -3), ("21", 21), ("much", 0)])
def test_its_cost_is_what_it_says(text, cost):
    assert read_pod(manifest({"annotations": {DELETION_COST: text}}), None, BORN).cost == cost
