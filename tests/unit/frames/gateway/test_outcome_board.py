"""Who waits for which outcome."""

import asyncio
from contextlib import suppress

from frames.gateway.arrival import Arrival
from frames.gateway.camera_routes import events
from frames.gateway.followers import AHEAD
from frames.gateway.outcome_board import KEPT, OutcomeBoard
from frames.gateway.tenant import Tenant


def detected(frame_id, camera="shop-1/door", label="person"):
    found = {"label": label, "class_id": 0, "score": 0.9, "box": (0, 0, 1, 1)}
    told = {"kind": "detected", "camera": camera, "detections": [found]}
    return Arrival(frame_id, camera, lambda: told)


def test_an_outcome_reaches_all_who_wait_for_it_and_nobody_else():
    async def waits():
        board = OutcomeBoard()
        with board.expected("a") as first, board.expected("a") as second, board.expected("b") as other:
            arrival = detected("a")
            board.deliver([arrival])
            assert await first is await second is arrival
            assert not other.done()
            assert board.waiting == 1
        assert board.waiting == 0
        assert board.recent("a") is arrival

    asyncio.run(waits())


def test_only_the_last_outcomes_are_kept():
    board = OutcomeBoard()

    board.deliver([detected(str(n)) for n in range(KEPT + 10)])

    assert board.recent("9") is None
    assert board.recent("10") is not None


def test_who_does_not_keep_up_loses_the_oldest_and_is_told_how_many():
    async def follows():
        board = OutcomeBoard()
        with board.followed(lambda arrival: arrival.camera == "x") as follower:
            board.deliver([detected(str(n), "x") for n in range(AHEAD + 5)] + [detected("y", "y")])
            arrivals, lost = await follower.next(0)
            assert (arrivals[0].frame_id, len(arrivals), lost) == ("5", AHEAD, 5)
            assert await follower.next(0) == ([], 0)
        assert (board.lost, board.followers) == (5, 0)

    asyncio.run(follows())


def test_closing_lets_everybody_go_now_and_later():
    async def closes():
        board = OutcomeBoard()
        with board.expected("a") as waiting, board.followed(lambda arrival: True) as follower:
            board.close()
            assert await waiting is None
            assert await follower.next(60) == ([], 0)
        with board.expected("b") as late:
            assert await late is None

    asyncio.run(closes())


def test_a_stream_shows_what_its_tenant_asked_for_and_nothing_of_others():
    async def streams(camera, label):
        board = OutcomeBoard()
        seen = []

        async def follow():
            async for event in events(board, Tenant("shop-1"), camera, label):
                seen.append(event.split(b"\n")[0])

        following = asyncio.create_task(follow())
        while not seen:
            await asyncio.sleep(0)
        board.deliver(
            [
                detected("1"),
                detected("2", label="cart"),
                detected("3", camera="shop-1/lane"),
                detected("4", camera="shop-2/door"),
                detected("5", camera="door"),
            ]
        )
        board.close()
        with suppress(asyncio.CancelledError):
            await following
        return len(seen) - 1

    assert asyncio.run(streams(None, None)) == 3
    assert asyncio.run(streams("door", None)) == 2
    assert asyncio.run(streams("door", "cart")) == 1
    assert asyncio.run(streams("../shop-2/door", None)) == 0
