"""
Who waits for which outcome, who follows them all, and what came last.

Lives in the event loop. Everything in it is bounded: waiting is as many as there are requests, a follower
that does not keep up loses its oldest outcomes and is told how many, and what came last is a ring.
"""

import asyncio
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from frames.gateway.arrival import Arrival

KEPT = 10_000
"""Arrivals that can still be asked for: those of the seconds that Redis lags behind."""
AHEAD = 256
"""Outcomes that wait for one follower."""


class OutcomeBoard:
    """Hands each outcome to those who wait for it. Not thread-safe."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, Arrival] = OrderedDict()
        self._waiting: defaultdict[str, set[asyncio.Future[Arrival | None]]] = defaultdict(set)
        self._followers: set[Follower] = set()
        self._closed = False
        self.lost = 0
        """Outcomes that followers were too slow for, since the start."""

    @property
    def waiting(self) -> int:
        """Requests that wait for an outcome."""
        return sum(map(len, self._waiting.values()))

    @property
    def followers(self) -> int:
        return len(self._followers)

    def deliver(self, arrivals: Sequence[Arrival]) -> None:
        """These have just come."""
        for arrival in arrivals:
            self._recent[arrival.frame_id] = arrival
            self._recent.move_to_end(arrival.frame_id)
            for future in self._waiting.pop(arrival.frame_id, ()):
                if not future.done():
                    future.set_result(arrival)
            for follower in self._followers:
                self.lost += follower.offer(arrival)
        while len(self._recent) > KEPT:
            self._recent.popitem(last=False)

    def recent(self, frame_id: str) -> Arrival | None:
        """The outcome of this frame, if it was among the last."""
        return self._recent.get(frame_id)

    @contextmanager
    def expected(self, frame_id: str) -> Iterator["asyncio.Future[Arrival | None]"]:
        """
        The outcome that comes for this frame within the block; None: the gateway stops.

        Enter it before you look for the outcome elsewhere, so that none slips through in between.
        """
        future: asyncio.Future[Arrival | None] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_result(None)
        self._waiting[frame_id].add(future)
        try:
            yield future
        finally:
            self._waiting[frame_id].discard(future)
            if not self._waiting[frame_id]:
                del self._waiting[frame_id]

    @contextmanager
    def followed(self, wanted: Callable[[Arrival], bool]) -> Iterator["Follower"]:
        """The outcomes that are *wanted*, from now to the end of the block."""
        follower = Follower(wanted)
        self._followers.add(follower)
        if self._closed:
            follower.close()
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closed = True
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)
        for follower in self._followers:
            follower.close()


class Follower:
    """The outcomes that wait for one client."""

    def __init__(self, wanted: Callable[[Arrival], bool]) -> None:
        self._wanted = wanted
        self._ahead: deque[Arrival] = deque(maxlen=AHEAD)
        self._lost = 0
        self._news = asyncio.Event()
        self.closed = False

    def offer(self, arrival: Arrival) -> int:
        """Put it in line if it is wanted; returns how many others (0 or 1) that has cost."""
        if not self._wanted(arrival):
            return 0
        overflow = int(len(self._ahead) == AHEAD)
        self._lost += overflow
        self._ahead.append(arrival)
        self._news.set()
        return overflow

    def close(self) -> None:
        """There will be no more."""
        self.closed = True
        self._news.set()

    async def next(self, timeout_s: float) -> tuple[list[Arrival], int]:
        """What has come since the last call, and how many were lost; nothing, after *timeout_s*."""
        if not self._ahead and not self.closed:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._news.wait()
            except TimeoutError:
                pass
        arrivals, lost = list(self._ahead), self._lost
        self._ahead.clear()
        self._lost = 0
        if not self.closed:
            self._news.clear()
        return arrivals, lost
