"""The API server goes away, for one of two adapters or for all, and comes back."""

import time
from contextlib import closing

import pytest

from autoscaler.errors import ObservationError
from autoscaler.kubernetes_fleet.api import TIMEOUT_S, WATCH_S
from autoscaler.kubernetes_fleet.cluster import TOO_OLD_S, Cluster
from autoscaler.kubernetes_fleet.fleet import KubernetesFleet
from autoscaler.kubernetes_fleet.lease import GIVEN_UP_S, LASTS_S
from autoscaler.kubernetes_fleet.lease_election import LOOK_S, LeaseElection
from tests.waiting import until

# Of connections that are reset while they are made: see `api_behind_proxy`.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")


def known(fleet):
    """Worker ids; None: nobody knows."""
    try:
        return [one.worker for one in fleet.replicas()]
    except ObservationError:
        return None


@pytest.fixture
def fleet(objects, api_behind_proxy):
    """One worker, seen through the proxy."""
    objects.deployment()
    objects.pod("a")
    with closing(Cluster(api_behind_proxy)) as view:
        fleet = KubernetesFleet(view, "frames", "worker")
        until(lambda: known(fleet) == ["a"], every_s=0.01)
        yield fleet


@pytest.mark.parametrize(
    ("fault", "noticed_s"),
    [("refuse", 0.0), pytest.param("black_hole", WATCH_S + TIMEOUT_S, id="silence")],
)
def test_what_was_seen_last_holds_for_a_while_and_is_never_taken_for_nobody(
    fleet, objects, proxy, fault, noticed_s
):
    began_at = time.monotonic()
    getattr(proxy, fault)()
    objects.pod("b")
    answers = []
    until(lambda: answers.append(known(fleet)) or answers[-1] is None, within_s=40, every_s=0.05)
    held_s = time.monotonic() - began_at

    healed_at = time.monotonic()
    proxy.heal()
    until(lambda: known(fleet) == ["a", "b"], within_s=10, every_s=0.01)

    assert all(answer == ["a"] for answer in answers[:-1])
    assert TOO_OLD_S - 1 < held_s < TOO_OLD_S + noticed_s + 2
    assert time.monotonic() - healed_at < 5


@pytest.mark.parametrize("fault", ["refuse", "black_hole"])
def test_who_cannot_reach_it_knows_before_another_decides(api, api_behind_proxy, proxy, fault):
    with closing(LeaseElection(api_behind_proxy, "a")) as cut_off:
        until(cut_off.held, every_s=0.01)
        with closing(LeaseElection(api, "b")) as other:
            began_at = time.monotonic()
            getattr(proxy, fault)()
            while not other.held():
                if time.monotonic() - began_at > GIVEN_UP_S:
                    assert not cut_off.held()
                time.sleep(0.01)
            took_s = time.monotonic() - began_at

            assert not cut_off.held()
            assert took_s < LASTS_S + 3 * LOOK_S
            proxy.heal()
