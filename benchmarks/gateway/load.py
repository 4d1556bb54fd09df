"""
Many cameras that post at a fixed rate, whatever the gateway does: an open loop.

Each post has an instant at which it is due, and its latency counts from there, so that a gateway
that stalls is charged for all who would have come meanwhile (no coordinated omission). The client
speaks just as much HTTP as it needs: a library's own time would be the larger part.
"""

import asyncio
import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field

CONNECTIONS = 64
"""Kept open and used in turn, as cameras and proxies do; when all are busy, one more is opened."""


@dataclass
class Load:
    """What a run has seen."""

    latencies_s: list[float] = field(default_factory=list)
    """Of each accepted post, from the instant it was due to the end of its answer."""
    statuses: Counter[str] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    """Ids in the answers 202."""


async def put_load(host: str, port: int, image: bytes, rate: float, seconds: float) -> Load:
    """Post *image* so many times a second, for so long, and wait for the answers."""
    load = Load()
    free = deque([await connected(host, port) for _ in range(CONNECTIONS)])
    head = (
        f"POST /v1/frames?camera=%s HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/jpeg\r\n"
        f"content-length: {len(image)}\r\n\r\n"
    )

    async def post(number: int, due: float) -> None:
        connection = free.popleft() if free else await connected(host, port)
        try:
            status, body = await connection.ask((head % f"camera-{number % 32}").encode(), image)
        except (OSError, asyncio.IncompleteReadError) as error:
            load.statuses[type(error).__name__] += 1
            return
        free.append(connection)
        load.statuses[str(status)] += 1
        if status == 202:
            load.latencies_s.append(time.perf_counter() - due)
            load.accepted.add(json.loads(body)["id"])

    began = time.perf_counter()
    posts = []
    for number in range(round(rate * seconds)):
        due = began + number / rate
        wait_s = due - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        posts.append(asyncio.create_task(post(number, due)))
    await asyncio.gather(*posts)
    for connection in free:
        connection.close()
    return load


@dataclass(frozen=True, slots=True)
class Connection:
    """One that is kept."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self.writer.write(head + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in answer.lower().split(b"\r\n")[1:] if line)
        return int(answer.split(b" ", 2)[1]), await self.reader.readexactly(int(fields[b"content-length"]))

    def close(self) -> None:
        self.writer.close()


async def connected(host: str, port: int) -> Connection:
    return Connection(*await asyncio.open_connection(host, port))
