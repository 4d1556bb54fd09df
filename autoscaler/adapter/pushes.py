"""
When an open stream says that there is work; pure.

KEDA acts upon `true` alone, may drop it without a word, and never asks again by itself
(kedacore/keda#8168). But each `true` costs it a write to the API server. So it is said when it
becomes so, and then again, ever more rarely, only while nobody has come.
"""

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


class Pushes:
    """What one stream has said. Time is the monotonic clock's."""

    def __init__(self) -> None:
        self._said = False
        self._pause_s = FIRST_PAUSE_S
        self._again_at = 0.0

    def next(self, active: bool, nobody_runs: bool, now: float) -> bool | None:
        """What to say at *now*; None: nothing."""
        if active != self._said:
            self._said, self._pause_s = active, FIRST_PAUSE_S
            self._again_at = now + self._pause_s
            return active
        if not active or now < self._again_at:
            return None
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._again_at = now + self._pause_s
        return True if nobody_runs else None

    def pause_s(self, now: float) -> float | None:
        """How long nothing needs to be said, if nothing happens; None: for ever."""
        return max(self._again_at - now, 0.0) if self._said else None
