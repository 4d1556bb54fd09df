"""Calls without sockets and clocks: they are played against a script of answers."""

from collections.abc import Callable, Iterable

from detectscale.client.client_errors import GatewayUnavailableError
from detectscale.client.exchange import Answer, Ask, Call, NoReply, Reply, T

URL = "http://gateway/v1"


def reply(status: int, body: str | bytes = b"", at: float = 0.0, retry_after: str | None = None) -> Reply:
    return Reply(URL, status, retry_after, body.encode() if isinstance(body, str) else body, at)


def no_reply(at: float = 0.0) -> NoReply:
    return NoReply(GatewayUnavailableError(f"{URL}: no answer"), at)


def played(call: Call[T], answers: Iterable[Answer], asked: list[Ask]) -> T:
    """What the call comes to, when it is answered so; *asked* is filled with what it asked."""
    asked.append(next(call))
    for answer in answers:
        try:
            asked.append(call.send(answer))
        except StopIteration as end:
            result: T = end.value
            return result
    raise AssertionError(f"it asks for more: {asked[-1]}")


def against(
    call: Call[T], gateway: Callable[[Ask, float], Answer], now: float, log: list[tuple[float, Ask]]
) -> T:
    """
    What the call comes to when *gateway* answers what is asked at an instant; its answer says when it came.

    *log* is filled with what was asked when.
    """
    ask = next(call)
    while True:
        log.append((now + ask.after_s, ask))
        answer = gateway(ask, now + ask.after_s)
        now = answer.at
        try:
            ask = call.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
