"""
How long each step of a worker's start took, from the process's first instant.
"""

import time
from pathlib import Path


def process_born_at() -> float:
    """
    Instant this process started, seconds since the epoch.

    From field 22 of /proc/self/stat, clock ticks since boot (proc(5)): what the
    interpreter needed before this line is part of the cold start.
    """
    import os

    after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started_s = int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started_s)


class ColdStart:
    """Seconds by phase (frames.status.PHASES), each counted from the end of the one before."""

    def __init__(self, born_at: float, now: float) -> None:
        self.born_at = born_at
        self.phases_s: dict[str, float] = {}
        self.progress: float | None = None
        """Share of the present phase that is done, 0 to 1; None: it cannot tell."""
        self._last = born_at
        self.finished("interpreter", now)

    def finished(self, phase: str, now: float) -> None:
        """The phase ended at *now*, seconds since the epoch."""
        self.phases_s[phase] = round(now - self._last, 4)
        self.progress = None
        self._last = now

    def advanced(self, progress: float | None) -> None:
        """How far the present phase has got."""
        self.progress = progress
