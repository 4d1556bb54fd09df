"""
The simulation's clock: what is to happen, in the order of its instants.
"""

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[], None]


class Agenda:
    """Calls actions at their instants; those of one instant in the order in which they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._entries: list[tuple[float, int, Action]] = []
        self._serial = count()

    def call_at(self, at: float, action: Action) -> None:
        """Call *action* at the instant *at*, which is not in the past."""
        heapq.heappush(self._entries, (at, next(self._serial), action))

    def call_every(self, period_s: float, first_at: float, action: Action) -> None:
        """Call *action* at *first_at* and every *period_s* from then on."""

        def again() -> None:
            action()
            self.call_at(self.now + period_s, again)

        self.call_at(first_at, again)

    def run(self, until: float) -> None:
        """Do everything due up to *until*, and stop there."""
        while self._entries and self._entries[0][0] <= until:
            self.now, _, action = heapq.heappop(self._entries)
            action()
        self.now = until
