"""What the autoscaler sees of a real API server."""

import time

import pytest

from autoscaler.errors import ObservationError
from autoscaler.kubernetes_fleet.fleet import KubernetesFleet
from autoscaler.kubernetes_fleet.pods import POD_PHASES
from tests.waiting import until


@pytest.fixture
def fleet(view):
    return KubernetesFleet(view, "frames", "worker")


def workers(fleet):
    try:
        return [replica.worker for replica in fleet.replicas()]
    except ObservationError as error:
        return str(error)


def test_what_is_not_there_is_unknown_and_not_nobody(fleet):
    until(lambda: "has no deployment 'worker'" in workers(fleet), every_s=0.01)


def test_pods_come_run_leave_and_end(objects, fleet):
    objects.deployment()
    until(lambda: workers(fleet) == [], every_s=0.01)

    objects.pod("a", bound=True)
    objects.pod("another", **{"app.kubernetes.io/name": "projector"})
    until(lambda: workers(fleet) == ["a"], every_s=0.01)
    assert abs(fleet.replicas()[0].born_at - time.time()) < 2
    assert not fleet.replicas()[0].up

    objects.run("a")
    until(lambda: fleet.replicas()[0].up, every_s=0.01)
    assert tuple(fleet.replicas()[0].phases_s) == POD_PHASES

    objects.delete("a")
    until(lambda: fleet.replicas()[0].draining, every_s=0.01)
    objects.delete("a", grace_s=0)
    until(lambda: workers(fleet) == [], every_s=0.01)


def test_a_pod_that_was_evicted_is_no_replica(objects, fleet):
    objects.deployment()
    objects.pod("a")
    until(lambda: workers(fleet) == ["a"], every_s=0.01)

    objects.status("a", phase="Failed", reason="Evicted")

    until(lambda: workers(fleet) == [], every_s=0.01)


def test_pods_for_which_there_is_no_node_are_seen_as_such(objects, fleet):
    objects.deployment(replicas=2)

    until(lambda: len(workers(fleet)) == 2, every_s=0.01)
    until(lambda: all(one.unschedulable for one in fleet.replicas()), every_s=0.01)


def test_a_watch_that_breaks_is_taken_up_again_without_a_gap(objects, view, fleet):
    objects.deployment()
    objects.pod("a")
    until(lambda: workers(fleet) == ["a"], every_s=0.01)

    for watched in view._watches:
        watched._watch.stop()
    objects.pod("b")

    until(lambda: workers(fleet) == ["a", "b"], within_s=2, every_s=0.01)
