"""The election between adapters, by a Lease on a real API server."""

import time
from contextlib import closing

from autoscaler.kubernetes_fleet.lease import GIVEN_UP_S, LASTS_S
from autoscaler.kubernetes_fleet.lease_election import LOOK_S, LeaseElection
from tests.waiting import until


def test_one_of_two_is_the_one_and_leaves_it_to_the_other_at_once(api):
    with closing(LeaseElection(api, "a")) as first, closing(LeaseElection(api, "b")) as second:
        until(lambda: first.held() or second.held(), every_s=0.01)
        one, other = (first, second) if first.held() else (second, first)
        assert not other.held()

        asked_at = time.monotonic()
        one.close()
        until(other.held, every_s=0.01)

        assert time.monotonic() - asked_at < LASTS_S / 2
        assert not one.held()


def test_it_is_kept_by_who_renews_it(api):
    with closing(LeaseElection(api, "a")) as first:
        until(first.held, every_s=0.01)
        with closing(LeaseElection(api, "b")) as second:
            ends_at = time.monotonic() + LASTS_S + 2
            while time.monotonic() < ends_at:
                assert first.held()
                assert not second.held()
                time.sleep(0.05)


def test_who_was_killed_is_followed_once_the_lease_has_run_out(api):
    killed = LeaseElection(api, "a")
    until(killed.held, every_s=0.01)
    killed._stop = True
    killed._turn = lambda: None  # as a process that is not there any more
    killed._wake.set()
    killed._thread.join()

    with closing(LeaseElection(api, "b")) as other:
        began_at = time.monotonic()
        until(other.held, every_s=0.01)
        took_s = time.monotonic() - began_at

    assert GIVEN_UP_S - 2 < took_s < LASTS_S + 3 * LOOK_S
