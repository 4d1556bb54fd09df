"""
Tells an event loop, from any thread, that something has changed.
"""

import asyncio


class News:
    """Wakes whoever waits in the loop. Made in it; `tell` and `close` may be called from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed = False
        """There will be none any more."""
        self.next: asyncio.Future[None] = self._loop.create_future()
        """
        Done once there is news. Take it before looking at what may change: what
        changes after the look is then not missed.
        """

    def tell(self) -> None:
        """There is news."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._turn)

    def close(self) -> None:
        """Wake everybody for the last time."""
        self.closed = True
        self.tell()

    def _turn(self) -> None:
        told, self.next = self.next, self._loop.create_future()
        told.set_result(None)


async def within(news: "asyncio.Future[None]", seconds: float | None) -> None:
    """Wait for *news*, at most so long; None: as long as it takes."""
    await asyncio.wait({news}, timeout=seconds)
