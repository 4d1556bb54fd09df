"""
When a crashed worker may be replaced: exponential back-off with jitter, per crash.

A crash holds back one replica, not the fleet: a poisonous frame must not keep the
others from scaling up.
"""

import random
from dataclasses import dataclass, field

FIRST_S = 0.5
LONGEST_S = 30.0
FORGIVEN_S = 60.0
"""A worker that ran this long before it crashed starts a new series."""


@dataclass(slots=True)
class Crashes:
    """The crashes that still hold a replacement back."""

    rng: random.Random
    series: int = 0
    """Crashes in a row."""
    _until: list[float] = field(default_factory=list)

    def add(self, now: float, lived_s: float) -> float:
        """Note a crash after *lived_s* seconds of life; return for how long its replacement must wait."""
        self.series = 1 if lived_s >= FORGIVEN_S else self.series + 1
        longest = min(FIRST_S * 2 ** min(self.series - 1, 16), LONGEST_S)
        wait_s = self.rng.uniform(longest / 2, longest)
        self._until.append(now + wait_s)
        return wait_s

    def holding_back(self, now: float) -> int:
        """Replicas that may not be started yet."""
        self._until = [until for until in self._until if until > now]
        return len(self._until)
