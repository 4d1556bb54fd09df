"""What a tenant may ask for."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError

from frames.gateway.allowance import Allowance, Allowances, until_midnight_s
from frames.gateway.daily_frames import DailyFrames
from frames.gateway.gateway_settings import TenantLimits
from frames.gateway.problem import Reason

NOON = 86_400.0 * 20_000 + 43_200


class Counts:
    """A Redis that can add, and can be away."""

    def __init__(self):
        self.held = {}
        self.away = False

    def pipeline(self, transaction):
        return Pipeline(self)


class Pipeline:
    def __init__(self, counts):
        self._counts = counts
        self._asked = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        pass

    def incrby(self, key, number):
        self._asked.append((key, number))

    def expire(self, key, seconds):
        pass

    async def execute(self):
        if self._counts.away:
            raise RedisConnectionError("away")
        answers = []
        for key, number in self._asked:
            self._counts.held[key] = self._counts.held.get(key, 0) + number
            answers += [self._counts.held[key], True]
        return answers


@given(st.lists(st.floats(0, 3), max_size=100))
def test_never_more_than_the_burst_and_the_rate_are_let_in(pauses):
    allowance = Allowance(TenantLimits(rate_per_s=2, burst=5, concurrent=1000), now=0.0)
    now, entered = 0.0, 0

    for pause in pauses:
        now += pause
        entered += allowance.enter(now) is None
        assert entered <= 5 + 2 * now + 1e-6


@given(st.floats(0.1, 100), st.integers(1, 10))
def test_who_waits_as_long_as_told_is_let_in(rate, burst):
    allowance = Allowance(TenantLimits(rate_per_s=rate, burst=burst), now=0.0)
    while (refusal := allowance.enter(0.0)) is None:
        allowance.leave()

    assert refusal.reason == Reason.RATE
    assert allowance.enter(refusal.retry_after_s + 1e-5) is None


def test_no_more_requests_at_once_than_allowed():
    allowance = Allowance(TenantLimits(concurrent=2), now=0.0)

    assert [allowance.enter(0.0), allowance.enter(0.0)] == [None, None]
    refusal = allowance.enter(0.0)
    assert refusal is not None
    assert refusal.reason == Reason.CONCURRENT
    allowance.leave()
    assert allowance.enter(0.0) is None


def test_the_day_ends_at_midnight_and_what_was_not_sent_is_given_back():
    days = DailyFrames(Counts(), "")
    allowances = Allowances(TenantLimits(daily_frames=2), {"big": TenantLimits(daily_frames=3)}, days)

    assert [allowances.take_frame("shop", NOON) is None for _ in range(3)] == [True, True, False]
    refusal = allowances.take_frame("shop", NOON)
    assert refusal is not None
    assert (refusal.reason, refusal.retry_after_s) == (Reason.DAILY, 43_200)
    assert [allowances.take_frame("big", NOON) is None for _ in range(4)] == [True, True, True, False]
    allowances.give_back("shop", NOON)
    assert allowances.take_frame("shop", NOON) is None
    assert allowances.take_frame("shop", NOON + until_midnight_s(NOON)) is None


def test_counts_of_several_gateways_meet_in_redis_and_outlive_them():
    counts = Counts()
    ours, theirs, later = (DailyFrames(counts, "gateway:") for _ in range(3))
    ours.add("shop", NOON, 3)
    theirs.add("shop", NOON, 4)

    asyncio.run(ours.save((), NOON))
    asyncio.run(theirs.save((), NOON))
    asyncio.run(ours.save((), NOON))
    asyncio.run(later.save(["shop"], NOON))

    assert [days.count("shop", NOON) for days in (ours, theirs, later)] == [7, 7, 7]


def test_while_redis_is_away_each_counts_on_alone_and_nothing_is_lost():
    counts = Counts()
    days = DailyFrames(counts, "")
    days.add("shop", NOON, 3)
    counts.away = True

    asyncio.run(days.save((), NOON))
    days.add("shop", NOON, 2)
    assert days.count("shop", NOON) == 5
    counts.away = False
    asyncio.run(days.save((), NOON))

    assert days.count("shop", NOON) == 5
    assert list(counts.held.values()) == [5]
