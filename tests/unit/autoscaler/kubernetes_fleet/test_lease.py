from dataclasses import replace

import pytest

from autoscaler.kubernetes_fleet.lease import (
    GIVEN_UP_S,
    LASTS_S,
    Lease,
    Sight,
    claim,
    may_take,
    read_lease,
    release,
    sighted,
)

HELD = Lease("7", "other", LASTS_S, transitions=3, acquired="2026-01-01T00:00:00.000000Z")


def stored(spec, version="8"):
    return read_lease({"metadata": {"resourceVersion": version}, "spec": spec})


@pytest.mark.parametrize(
    ("lease", "unchanged_s", "taken"),
    [
        pytest.param(HELD, 0.0, False, id="another's"),
        pytest.param(HELD, LASTS_S - 0.1, False, id="another's, not renewed for a while"),
        pytest.param(HELD, LASTS_S, True, id="another's that has run out"),
        pytest.param(replace(HELD, lasts_s=15.0), LASTS_S, False, id="it lasts as long as it says"),
        pytest.param(replace(HELD, holder=""), 0.0, True, id="nobody's"),
        pytest.param(replace(HELD, holder="me"), 0.0, True, id="mine"),
    ],
)
def test_it_may_be_taken_from_who_has_not_renewed_it(lease, unchanged_s, taken):
    assert may_take(Sight(lease, 100.0), "me", 100.0 + unchanged_s) is taken


def test_time_runs_from_the_last_change_that_was_seen_here():
    first = sighted(None, HELD, 100.0)
    again = sighted(first, HELD, 104.0)
    renewed = sighted(again, replace(HELD, version="8"), 104.5)

    assert (first.since, again.since, renewed.since) == (100.0, 100.0, 104.5)


def test_its_holder_gives_it_up_before_another_may_take_it():
    assert GIVEN_UP_S < LASTS_S


def test_who_takes_it_from_another_is_counted():
    taken = stored(claim(HELD, "me", 1.8e9))

    assert (taken.holder, taken.transitions, taken.lasts_s) == ("me", 4, LASTS_S)
    assert taken.acquired == "2027-01-15T08:00:00.000000Z"


def test_who_keeps_it_has_it_since_it_was_taken():
    taken = stored(claim(HELD, "me", 1.8e9))
    kept = stored(claim(taken, "me", 1.8e9 + 1))

    assert (kept.holder, kept.transitions, kept.acquired) == ("me", 4, taken.acquired)


def test_the_first_one_is_no_change():
    assert stored(claim(None, "me", 1.8e9)).transitions == 0


def test_who_leaves_it_leaves_it_to_anybody_at_once():
    left = stored(release(stored(claim(HELD, "me", 1.8e9)), 1.8e9 + 1))

    assert may_take(sighted(None, left, 0.0), "other", 0.0)
    assert left.transitions == 4
