"""
Stops a worker that kills what it touches: a bad deploy looks like poisoned frames.

When too large a share of a minute's frames died, nothing is taken for a while. Then it
counts anew, so that a flood of frames that are really bad gets through in small numbers,
and somebody has time to see it.
"""

from collections import deque
from dataclasses import dataclass

WINDOW_S = 60.0


@dataclass(slots=True)
class _Second:
    at: float
    ended: int = 0
    died: int = 0


class Breaker:
    """
    Counts ends, and opens when too many of them are deaths. Not thread-safe; *now* in seconds.

    >>> breaker = Breaker(share=0.2, least=10, pause_s=30)
    >>> [breaker.ended(dead=second < 3, now=second) for second in range(10)][-1]
    True
    >>> breaker.open_for(now=10)
    29
    """

    def __init__(self, share: float, least: int, pause_s: float) -> None:
        """
        Count from now on.

        Args:
            share: Deaths among the frames of a minute above which it opens, 0 to 1.
            least: Frames in a minute below which their share says nothing.
        """
        self._share = share
        self._least = least
        self._pause_s = pause_s
        self._seconds: deque[_Second] = deque()
        self._open_until = 0.0

    def ended(self, dead: bool, now: float) -> bool:
        """A frame has its outcome; returns whether that opened it."""
        if not self._seconds or self._seconds[-1].at < now - 1:
            self._seconds.append(_Second(now))
        self._seconds[-1].ended += 1
        self._seconds[-1].died += dead
        while self._seconds[0].at <= now - WINDOW_S:
            self._seconds.popleft()
        ended = sum(second.ended for second in self._seconds)
        if ended < self._least or sum(second.died for second in self._seconds) <= self._share * ended:
            return False
        self._seconds.clear()
        self._open_until = now + self._pause_s
        return True

    def open_for(self, now: float) -> float:
        """Seconds for which nothing may be taken yet; 0 when it is closed."""
        return max(self._open_until - now, 0.0)
