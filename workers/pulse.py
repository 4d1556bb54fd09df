"""
Notices that this process was frozen: SIGSTOP, a suspended machine, a starved container.

Threads that wake up after a minute do not know it. The group may have given their
partitions to somebody else meanwhile, and what they publish would be done twice. So the
pulse beats in a thread of its own; whoever is about to publish asks whether it does, and
the poll thread, which alone can find out who owns what now, says when it has.
"""

import threading
import time

BEAT_S = 0.1


class Pulse:
    """Beats every BEAT_S; a gap longer than *limit_s* is a freeze."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._beat_at = _now()
        self._thawed = threading.Event()
        self._thawed.set()
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="pulse", daemon=True).start()

    @property
    def frozen(self) -> bool:
        """The process was frozen, and the poll thread has not found out yet what it still owns."""
        with self._lock:
            if _now() - self._beat_at > self._limit_s:
                self._thawed.clear()
            return not self._thawed.is_set()

    def thawed(self) -> None:
        """The poll thread has found out; those who wait may go on."""
        with self._lock:
            self._beat_at = _now()
            self._thawed.set()

    def wait(self) -> None:
        """Return at once, or, if the process was frozen, once it is known what it still owns."""
        while self.frozen and not self._ended.is_set():
            self._thawed.wait(timeout=BEAT_S)

    def stop(self) -> None:
        """Nobody asks any more."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S):
            if not self.frozen:
                self._beat_at = _now()


def _now() -> float:
    """Seconds on a clock that goes on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
