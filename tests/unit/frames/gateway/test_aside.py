"""Calls that block, aside from the event loop; and who goes through a turnstile."""

import asyncio
import threading

import pytest

from frames.errors import UnavailableError
from frames.gateway.aside import Aside
from frames.gateway.problem import ProblemError
from frames.gateway.turnstile import Turnstile
from tests.waiting import until


def test_a_call_gives_its_result_or_its_error():
    async def run():
        aside = Aside("this", 1, 5.0)
        assert await aside.run(lambda: 7) == 7

        def fail():
            raise UnavailableError("away")

        with pytest.raises(UnavailableError):
            await aside.run(fail)
        assert aside.under_way == 0

    asyncio.run(run())


def test_one_too_many_is_refused_and_one_that_stalls_keeps_its_place_until_it_ends():
    go_on = threading.Event()

    async def run():
        aside = Aside("this", 1, 0.05)
        with pytest.raises(ProblemError, match=r"not done within 0\.05 s") as late:
            await aside.run(go_on.wait)
        with pytest.raises(ProblemError, match="too many at once") as full:
            await aside.run(lambda: 7)
        assert (late.value.status, full.value.status) == (503, 503)
        go_on.set()
        while aside.full:
            await asyncio.sleep(0)
        assert await aside.run(lambda: 7) == 7

    asyncio.run(run())


def test_a_call_that_outlives_the_loop_disturbs_nobody():
    go_on, ended = threading.Event(), threading.Event()

    def call():
        go_on.wait()
        ended.set()

    async def run():
        with pytest.raises(ProblemError):
            await Aside("outlives", 1, 0.01).run(call)

    asyncio.run(run())
    go_on.set()

    assert ended.wait(5)
    until(lambda: "outlives" not in {thread.name for thread in threading.enumerate()})


def test_a_tenant_takes_its_share_and_waits_for_its_own():
    async def run():
        turnstile = Turnstile("pictures", most=3, of_one_tenant=2, patience_s=0.05)
        async with turnstile.entered("a"), turnstile.entered("a"):
            with pytest.raises(ProblemError, match="too many at once"):
                async with turnstile.entered("a"):
                    pass
            async with turnstile.entered("b"):
                with pytest.raises(ProblemError):
                    async with turnstile.entered("b"):
                        pass
        async with turnstile.entered("a"), turnstile.entered("a"), turnstile.entered("b"):
            pass

    asyncio.run(run())
