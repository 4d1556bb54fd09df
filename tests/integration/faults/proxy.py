"""
A TCP proxy that misbehaves when told to, between clients and one listener of a broker.

The listener must advertise the proxy's port, or clients go round it after their first question. It runs
on a thread of its own; what is changed takes effect at once, on open connections too.
"""

import asyncio
import socket
import struct
import threading
from dataclasses import dataclass, replace
from typing import Self

from detectscale.embedded.ports import HOST


@dataclass(frozen=True)
class Rule:
    """What becomes of connections."""

    refused: bool = False
    """New ones are reset as soon as they are accepted."""
    upwards: bool = True
    """Bytes of clients reach the broker."""
    downwards: bool = True
    """Bytes of the broker reach clients."""
    delay_s: float = 0.0
    """Each piece waits so long, in each direction."""
    cut_after_bytes: int | None = None
    """Once: the connection that carried so many bytes upwards from now on is reset in mid-request."""


@dataclass
class Counts:
    """What has happened so far: the evidence that a fault was one."""

    accepted: int = 0
    cut: int = 0
    refused: int = 0
    swallowed_bytes: int = 0
    delayed: int = 0


class Proxy:
    """Forwards a port of its own to the port *target* of *host* for the length of a `with` block."""

    def __init__(self, target: int, host: str = HOST) -> None:
        self._target = host, target
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = socket.create_server((HOST, 0))
        self._rule = Rule()
        self._carried = 0
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self.port: int = self._listening.getsockname()[1]
        self.counts = Counts()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def open_connections(self) -> int:
        return len(self._writers) // 2

    def heal(self) -> None:
        """Forward again; connections that swallowed bytes are reset, as their streams have holes."""
        holed = not (self._rule.upwards and self._rule.downwards)
        self._obey(Rule())
        if holed:
            self.cut()

    def refuse(self) -> None:
        """Reset every connection, and every new one."""
        self._obey(Rule(refused=True))
        self.cut()

    def black_hole(self) -> None:
        """Accept, and forward nothing in either direction: a silent partition."""
        self._obey(Rule(upwards=False, downwards=False))

    def mute(self) -> None:
        """Forward requests and swallow the answers: what was asked is done, and nobody hears of it."""
        self._obey(Rule(downwards=False))

    def delay(self, seconds: float) -> None:
        """Hold each piece for *seconds*."""
        self._obey(Rule(delay_s=seconds))

    def cut_after(self, upward_bytes: int) -> None:
        """Reset, once, the connection that is sending when *upward_bytes* more have been sent in all."""
        self._obey(Rule(cut_after_bytes=upward_bytes))

    def cut(self) -> None:
        """Reset the open connections, once."""
        done = threading.Event()

        def cut() -> None:
            self._reset(list(self._writers))
            done.set()

        self._loop.call_soon_threadsafe(cut)
        assert done.wait(10)

    def _obey(self, rule: Rule) -> None:
        self._carried = 0
        self._rule = rule

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listening))
        self._loop.run_forever()
        server.close()
        self._reset(list(self._writers))
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.counts.accepted += 1
        if self._rule.refused:
            self.counts.refused += 1
            self._reset([to_client])
            return
        try:
            broker, to_broker = await asyncio.open_connection(*self._target)
        except OSError:  # it is away: so are we
            self._reset([to_client])
            return
        writers = {to_client, to_broker}
        self._writers |= writers
        try:
            await asyncio.wait(
                [
                    asyncio.create_task(self._carry(client, to_broker, upwards=True)),
                    asyncio.create_task(self._carry(broker, to_client, upwards=False)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            self._writers -= writers
            self._reset(list(writers))

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, upwards: bool) -> None:
        try:
            while piece := await source.read(64 * 1024):
                rule = self._rule
                if rule.delay_s:
                    self.counts.delayed += 1
                    await asyncio.sleep(rule.delay_s)
                if not (rule.upwards if upwards else rule.downwards):
                    self.counts.swallowed_bytes += len(piece)
                    continue
                if upwards and rule.cut_after_bytes is not None:
                    left = rule.cut_after_bytes - self._carried
                    self._carried += len(piece)
                    if len(piece) > left:
                        self._rule = replace(rule, cut_after_bytes=None)
                        to.write(piece[: max(0, left)])
                        await to.drain()
                        self.counts.cut += 1
                        return
                to.write(piece)
                await to.drain()
        except OSError:
            return

    def _reset(self, writers: list[asyncio.StreamWriter]) -> None:
        """Close with RST: SO_LINGER with zero seconds (socket(7))."""
        for writer in writers:
            if writer in self._writers:
                self.counts.cut += 1
            connection = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
