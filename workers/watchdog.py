"""
Notices a worker that neither works nor fails, and ends it.

A device can hang without an error: the model's call never returns, and no exception tells.
Kafka would go on believing in such a worker, since heartbeats come from a thread of their
own. So what counts as life is a batch that ends and a poll loop that turns.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Hashable

log = logging.getLogger(__name__)

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""
SECOND_LOOK_S = 5.0
"""A process that was stopped (SIGSTOP, a frozen cgroup) looks stuck when it goes on; it may catch up."""


class Watchdog:
    """
    What has begun and not ended, and when the poll loop last turned. Any thread may tell or ask.

    Instants are seconds on one clock that never goes back.

    >>> watchdog = Watchdog(limit_s=60.0)
    >>> watchdog.began("cuda:0", now=100.0)
    >>> watchdog.stuck(now=150.0), watchdog.stuck(now=165.0)
    (None, 65.0)
    >>> watchdog.ended("cuda:0")
    >>> watchdog.stuck(now=165.0)
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        """The longest that a batch, or a turn of the poll loop, may take."""
        self._lock = threading.Lock()
        self._begun: dict[Hashable, float] = {}
        self._polled_at: float | None = None

    def began(self, token: Hashable, now: float) -> None:
        """A batch, told apart by *token*, went to the model."""
        with self._lock:
            self._begun[token] = now

    def ended(self, token: Hashable) -> None:
        """The model answered, or failed."""
        with self._lock:
            self._begun.pop(token, None)

    def polled(self, now: float) -> None:
        """The poll loop turned. Nothing is expected of it before the first time."""
        self._polled_at = now

    def left(self) -> None:
        """The poll loop has come to its regular end."""
        self._polled_at = None

    def stuck(self, now: float) -> float | None:
        """Seconds that the oldest begun batch has taken, once they are more than the limit; else None."""
        with self._lock:
            taken = now - min(self._begun.values(), default=now)
        return taken if taken > self.limit_s else None

    def complaint(self, now: float) -> str | None:
        """In one line, why this worker should be ended; None: it lives."""
        if (taken := self.stuck(now)) is not None:
            return f"a batch has taken {taken:.0f} s; worker.watchdog_s allows {self.limit_s:g}"
        polled_at = self._polled_at
        if polled_at is not None and now - polled_at > self.limit_s:
            return f"no poll for {now - polled_at:.0f} s; worker.watchdog_s allows {self.limit_s:g}"
        return None


def end_process(complaint: str) -> None:
    """
    End this process at once; nothing of what hangs can be waited for.

    The line is logged by a thread that is not waited for long: a log that nobody reads
    blocks, and a thread that hangs may hold the log's lock.
    """
    logging_it = threading.Thread(target=log.critical, args=("watchdog: %s; ending", complaint), daemon=True)
    logging_it.start()
    logging_it.join(1.0)
    os._exit(EXIT_STATUS)


def guard(watchdog: Watchdog, every_s: float = 1.0, end: Callable[[str], None] = end_process) -> None:
    """Look every *every_s*, on a thread of its own, and call *end* once two looks have complained."""

    def look() -> None:
        while True:
            time.sleep(every_s)
            if watchdog.complaint(time.monotonic()) is None:
                continue
            time.sleep(min(SECOND_LOOK_S, watchdog.limit_s))
            if complaint := watchdog.complaint(time.monotonic()):
                return end(complaint)

    threading.Thread(target=look, name="watchdog", daemon=True).start()
