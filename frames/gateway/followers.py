"""
Who follows what comes: each has a line of its own, in which the oldest gives way to the newest.

Lives in the event loop. A follower that does not keep up loses its oldest news and is told how many.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

AHEAD = 256
"""News that wait for one follower."""


class Followers(Generic[T]):
    """All who follow. Not thread-safe."""

    def __init__(self) -> None:
        self._followers: set[Follower[T]] = set()
        self._closed = False
        self.lost = 0
        """News that followers were too slow for, since the start."""

    def __len__(self) -> int:
        return len(self._followers)

    def offer(self, news: T) -> None:
        """This has just come."""
        for follower in self._followers:
            self.lost += follower.offer(news)

    @contextmanager
    def followed(self, wanted: Callable[[T], bool]) -> Iterator["Follower[T]"]:
        """The news that are *wanted*, from now to the end of the block."""
        follower = Follower(wanted)
        self._followers.add(follower)
        if self._closed:
            follower.close()
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def close(self) -> None:
        """Let nobody wait any longer, now and later."""
        self._closed = True
        for follower in self._followers:
            follower.close()


class Follower(Generic[T]):
    """The news that wait for one client."""

    def __init__(self, wanted: Callable[[T], bool]) -> None:
        self._wanted = wanted
        self._ahead: deque[T] = deque(maxlen=AHEAD)
        self._lost = 0
        self._came = asyncio.Event()
        self.closed = False

    def offer(self, news: T) -> int:
        """Put it in line if it is wanted; returns how many others (0 or 1) that has cost."""
        if not self._wanted(news):
            return 0
        overflow = int(len(self._ahead) == AHEAD)
        self._lost += overflow
        self._ahead.append(news)
        self._came.set()
        return overflow

    def close(self) -> None:
        """There will be no more."""
        self.closed = True
        self._came.set()

    async def next(self, timeout_s: float) -> tuple[list[T], int]:
        """What has come since the last call, and how many were lost; nothing, after *timeout_s*."""
        if not self._ahead and not self.closed:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._came.wait()
            except TimeoutError:
                pass
        news, lost = list(self._ahead), self._lost
        self._ahead.clear()
        self._lost = 0
        if not self.closed:
            self._came.clear()
        return news, lost
