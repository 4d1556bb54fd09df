"""
Who waits for which outcome, who follows them all, and what came last.

Lives in the event loop. Everything in it is bounded: waiting is as many as there are requests, followers
have lines of their own (`followers`), and what came last is a ring.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from frames.gateway.arrival import Arrival
from frames.gateway.followers import Follower, Followers

KEPT = 10_000
"""Arrivals that can still be asked for: those of the seconds that Redis lags behind."""


class OutcomeBoard:
    """Hands each outcome to those who wait for it. Not thread-safe."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, Arrival] = OrderedDict()
        self._waiting: defaultdict[str, set[asyncio.Future[Arrival | None]]] = defaultdict(set)
        self._followers: Followers[Arrival] = Followers()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Requests that wait for an outcome."""
        return sum(map(len, self._waiting.values()))

    @property
    def followers(self) -> int:
        return len(self._followers)

    @property
    def lost(self) -> int:
        """Outcomes that followers were too slow for, since the start."""
        return self._followers.lost

    def deliver(self, arrivals: Sequence[Arrival]) -> None:
        """These have just come."""
        for arrival in arrivals:
            self._recent[arrival.frame_id] = arrival
            self._recent.move_to_end(arrival.frame_id)
            for future in self._waiting.pop(arrival.frame_id, ()):
                if not future.done():
                    future.set_result(arrival)
            self._followers.offer(arrival)
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

    def followed(self, wanted: Callable[[Arrival], bool]) -> AbstractContextManager[Follower[Arrival]]:
        """The outcomes that are *wanted*, from now to the end of the block."""
        return self._followers.followed(wanted)

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closed = True
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)
        self._followers.close()
