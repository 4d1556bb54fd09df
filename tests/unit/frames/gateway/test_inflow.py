"""Bodies on their way in, through the ASGI interface alone."""

import asyncio

import pytest
from starlette.requests import Request

from frames.gateway.inflow import Inflow
from frames.gateway.problem import ProblemError


def request(*chunks, declared=None, endless=False):
    """A request whose body comes in these chunks, and then (if it is endless) no more, but no end either."""
    waiting = list(chunks)

    async def receive():
        if waiting:
            chunk = waiting.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting) or endless}
        return await asyncio.Future()

    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def read(inflow, request, largest=100):
    return asyncio.run(inflow.body(request, largest))


def test_a_body_comes_whole_and_its_room_is_free_again():
    inflow = Inflow(100, 1.0)

    assert read(inflow, request(b"ab", b"", b"c")) == b"abc"
    assert inflow.held_bytes == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(request(b"", declared=101), 413, id="announced as too large"),
        pytest.param(request(b"x" * 60, b"x" * 60), 413, id="too large"),
        pytest.param(request(b"x", endless=True), 408, id="never complete"),
        pytest.param(request(b"x" * 60, endless=True, declared=80), 503, id="no room"),
    ],
)
def test_what_is_not_taken_says_why_and_leaves_no_room_occupied(body, status):
    inflow = Inflow(50 if status == 503 else 1000, 0.05)

    with pytest.raises(ProblemError) as refused:
        read(inflow, body)

    assert refused.value.status == status
    assert inflow.held_bytes == 0
