"""
So many at a time, and of one tenant no more than a share of them: for what takes much memory.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

from frames.gateway.problem import ProblemError, Reason


class Turnstile:
    """
    Belongs to one event loop.

    Args:
        what: Goes through it, for who is told that it cannot now.
        patience_s: How long to wait for a place.
    """

    def __init__(self, what: str, most: int, of_one_tenant: int, patience_s: float) -> None:
        self._what = what
        self._of_one_tenant = of_one_tenant
        self._patience_s = patience_s
        self._all = asyncio.Semaphore(most)
        self._own: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def entered(self, tenant: str) -> AsyncIterator[None]:
        """Be one of them for the length of the block; ProblemError, 503: there was no place in time."""
        # Whoever waits for one of its own keeps nobody else's place.
        own = self._own.setdefault(tenant, asyncio.Semaphore(self._of_one_tenant))
        async with AsyncExitStack() as inside:
            try:
                async with asyncio.timeout(self._patience_s):
                    await inside.enter_async_context(own)
                    await inside.enter_async_context(self._all)
            except TimeoutError as error:
                raise ProblemError(
                    HTTPStatus.SERVICE_UNAVAILABLE, Reason.BUSY, f"{self._what}: too many at once", 1.0
                ) from error
            yield
