"""
Calls that block, made aside from the event loop: few at a time, and waited for no longer than so long.

Each has a thread of its own, which does not keep the process: a storage or a broker that stalls cannot be
interrupted. One that is given up keeps its place until it does end.
"""

import asyncio
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from frames.gateway.problem import ProblemError, Reason

T = TypeVar("T")


class Aside:
    """
    Belongs to one event loop.

    Args:
        what: Is done, for who is told that it cannot be done now.
        most: Calls at a time.
        timeout_s: How long one may take.
    """

    def __init__(self, what: str, most: int, timeout_s: float) -> None:
        self._what = what
        self._most = most
        self._timeout_s = timeout_s
        self.under_way = 0

    @property
    def full(self) -> bool:
        """The next call would be refused."""
        return self.under_way >= self._most

    async def run(self, call: Callable[[], T]) -> T:
        """
        The result of *call*; what it raises is raised here.

        Raises:
            ProblemError: 503, too many are under way, or it did not end in time, and still may.
        """
        if self.full:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, Reason.BUSY, f"{self._what}: too many at once", 1.0
            )
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[T] = loop.create_future()

        def end(result: T | None, error: BaseException | None) -> None:
            self.under_way -= 1
            if ended.done():  # nobody waits any more
                return
            if error is None:
                ended.set_result(result)  # type: ignore[arg-type]  # of the call
            else:
                ended.set_exception(error)

        def run() -> None:
            result, error = None, None
            try:
                result = call()
            except BaseException as raised:
                error = raised
            if not loop.is_closed():
                loop.call_soon_threadsafe(end, result, error)

        threading.Thread(target=run, name=self._what, daemon=True).start()
        self.under_way += 1  # before the thread can end, as that is told to the loop
        try:
            async with asyncio.timeout(self._timeout_s):
                return await ended
        except TimeoutError as error:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                Reason.UNAVAILABLE,
                f"{self._what}: not done within {self._timeout_s:g} s",
                2.0,
            ) from error
