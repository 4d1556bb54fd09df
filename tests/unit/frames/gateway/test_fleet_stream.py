"""Decisions as a client is told of them, as they come."""

import asyncio
import json

from frames.gateway.fleet_board import MOST_TARGETS, FleetBoard
from frames.gateway.fleet_routes import decisions, worth_telling
from frames.gateway.followers import AHEAD
from tests.unit.frames.gateway.decisions import decided


def told(text):
    event, data = text.decode().splitlines()[:2]
    assert event == "event: decision"
    return json.loads(data.removeprefix("data: "))


def test_of_a_burst_the_last_change_and_the_last_decision_are_told():
    async def follow():
        board = FleetBoard()
        stream = decisions(board, None, gap_s=0.0)
        await anext(stream)
        board.deliver([decided(n / 10, replicas=min(n, 5)) for n in range(20)])
        change, last = told(await anext(stream)), told(await anext(stream))
        assert (change["at"], change["before"], change["replicas"]) == (0.5, 4, 5)
        assert (last["at"], "before" in last) == (1.9, False)
        await stream.aclose()

    asyncio.run(follow())


def test_a_client_is_told_five_times_a_second_at_most_and_always_of_the_newest():
    async def follow():
        board, loop = FleetBoard(), asyncio.get_running_loop()
        stream = decisions(board, "frames")
        await anext(stream)

        async def decide():
            for n in range(100):
                board.deliver([decided(n / 100, replicas=n % 3)])
                await asyncio.sleep(0.01)

        began, deciding, heard = loop.time(), asyncio.create_task(decide()), []
        while not heard or heard[-1]["at"] != 0.99:
            heard.append(told(await anext(stream)))
        assert len(heard) <= 5 * (loop.time() - began) + 1
        await deciding
        await stream.aclose()

    asyncio.run(follow())


def test_who_follows_one_target_hears_of_no_other():
    async def follow():
        board = FleetBoard()
        stream = decisions(board, "b", gap_s=0.0)
        await anext(stream)
        board.deliver([decided(1.0, target="a"), decided(2.0, target="b")])
        assert told(await anext(stream))["at"] == 2.0
        await stream.aclose()

    asyncio.run(follow())


def test_a_client_that_reads_nothing_costs_no_more_than_a_line_of_decisions():
    async def follow():
        board = FleetBoard()
        stream = decisions(board, None, gap_s=0.0)
        await anext(stream)
        board.deliver([decided(float(n)) for n in range(AHEAD * 4)])
        assert told(await anext(stream))["at"] == AHEAD * 4 - 1
        await stream.aclose()

    asyncio.run(follow())


def test_the_stream_ends_with_the_gateway():
    async def follow():
        board = FleetBoard()
        stream = decisions(board, None)
        await anext(stream)
        board.close()
        assert [event async for event in stream] == []

    asyncio.run(follow())


def test_names_in_the_journal_take_bounded_memory():
    board = FleetBoard()

    board.deliver([decided(1.0, target=f"t{n:03}") for n in range(MOST_TARGETS + 10)])

    assert len(board.targets) == MOST_TARGETS


def test_nothing_is_worth_telling_of_nothing():
    assert worth_telling([]) == []
