"""What was decided, in bounded memory, and what it came to."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.gateway.fleet_history import KEPT_S, MOST_KEPT, FleetHistory, age, thinned
from tests.unit.frames.gateway.decisions import decided


def history(*decisions):
    kept = FleetHistory()
    for each in decisions:
        kept.add(each)
    return kept


def moments(*decisions):
    return history(*decisions).since(-1.0)


def test_ten_decisions_a_second_are_kept_as_one_a_second_but_each_change_and_each_peak():
    ticks = [decided(n / 10, replicas=int(n >= 57), oldest_age_s=9.0 if n == 23 else 1.0) for n in range(200)]

    kept = moments(*ticks)

    assert len(kept) <= 25
    assert [(each.decided.at, each.before) for each in kept if each.before is not None] == [(5.7, 0)]
    assert max(kept, key=age).decided.at == 2.3
    assert kept[-1].decided.at == 19.9


def test_sums_lose_nothing_by_what_is_left_out():
    ticks = [decided(n / 10, replicas=2, committed=3 * n, waiting=n % 7) for n in range(101)]

    first, *_, last = moments(*ticks)

    assert last.replica_s - first.replica_s == pytest.approx(20.0)
    assert last.served - first.served == 300
    assert last.arrived - first.arrived == 300 + 100 % 7
    assert last.watched_s - first.watched_s == pytest.approx(10.0)


@given(st.lists(st.tuples(st.floats(0.1, 1.0), st.integers(0, 50)), min_size=1, max_size=60))
def test_frames_are_counted_one_by_one(ticks):
    at, committed, decisions = 0.0, 1000, [decided(0.0, committed=1000)]
    for seconds, done in ticks:
        at, committed = at + seconds, committed + done
        decisions.append(decided(at, committed=committed))

    first, *_, last = moments(*decisions)

    assert last.served - first.served == committed - 1000


@pytest.mark.parametrize("committed", [None, 10], ids=["not known", "the topic began anew"])
def test_a_count_that_tells_nothing_adds_nothing(committed):
    first, second, third = moments(
        decided(0.0, 1, committed=1000), decided(5.0, 2, committed=committed), decided(9.0, 3, committed=1100)
    )

    assert second.served == first.served
    assert third.served - second.served == (0 if committed is None else 1090)


def test_workers_that_start_or_leave_cost_as_much_as_those_that_work():
    first, last = moments(decided(0.0, 1, ready=1, starting=2, draining=3), decided(10.0))

    assert last.replica_s - first.replica_s == 60.0


def test_what_was_while_no_autoscaler_looked_is_not_made_up():
    first, last = moments(decided(0.0, 4, waiting=9), decided(100.0, 2, committed=50, waiting=0))

    assert (last.replica_s, last.served, last.watched_s) == (first.replica_s, first.served, first.watched_s)
    assert last.before == 4


def test_an_hour_is_kept_and_no_more():
    kept = history(*(decided(60.0 * n) for n in range(100)))

    assert kept.since(0.0)[0].decided.at == 99 * 60.0 - KEPT_S


def test_memory_is_bounded_whatever_comes():
    kept = history(*(decided(n / 100, replicas=n % 2) for n in range(MOST_KEPT + 500)))

    assert len(kept.since(0.0)) == MOST_KEPT


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 60), st.floats(0.01, 40)), min_size=2, max_size=300),
    st.integers(8, 60),
)
def test_a_thinned_history_is_short_and_hides_neither_its_ends_nor_its_highest_age(ticks, most):
    at, all_ = 0.0, []
    for replicas, oldest, after in ticks:
        at += after
        all_.append(decided(at, replicas, oldest_age_s=oldest))
    found = moments(*all_)

    told = thinned(found, most)

    assert len(told) <= most
    assert told == sorted(told, key=lambda each: each.decided.at)
    assert told[-1] == found[-1]
    assert max(map(age, told)) == max(map(age, found))
    changes = [each for each in found if each.before is not None]
    if len(changes) <= most // 2:
        assert all(change in told for change in changes)


def test_a_long_history_is_thinned_evenly():
    told = thinned(moments(*(decided(float(n)) for n in range(3600))), 600)

    gaps = [after.decided.at - before.decided.at for before, after in pairwise(told)]
    assert 290 <= len(told) <= 600
    assert max(gaps) <= 13
