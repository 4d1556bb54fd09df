"""
What the autoscaler decides, of each of its targets, and who follows it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from frames.gateway.decided import Decided
from frames.gateway.fleet_history import FleetHistory, Moment
from frames.gateway.followers import Follower, Followers

MOST_TARGETS = 64
"""Whose names are in the journal; further ones are not shown."""


class FleetBoard:
    """Lives in the event loop. Not thread-safe."""

    def __init__(self) -> None:
        self._histories: dict[str, FleetHistory] = {}
        self._followers: Followers[Moment] = Followers()

    @property
    def targets(self) -> list[str]:
        return sorted(self._histories)

    def deliver(self, decisions: Sequence[Decided]) -> None:
        """These have just been made, the oldest first."""
        for decided in decisions:
            if decided.target not in self._histories and len(self._histories) == MOST_TARGETS:
                continue
            self._followers.offer(self._histories.setdefault(decided.target, FleetHistory()).add(decided))

    def history(self, target: str) -> FleetHistory | None:
        """Of that target; None: nothing was heard of it."""
        return self._histories.get(target)

    def followed(self, wanted: Callable[[Moment], bool]) -> AbstractContextManager[Follower[Moment]]:
        """The decisions that are *wanted*, from now to the end of the block."""
        return self._followers.followed(wanted)

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._followers.close()
