"""
What is known of each target: its latest decision, as a frozen value that any thread may read.

Ages are told by the monotonic clock, so that a clock that is set makes nothing fresh or stale.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.errors import ObservationError
from autoscaler.journal import Entry
from frames.errors import DetectscaleError

KEPT = 100
"""Entries of the journal kept for `/v1/decisions`."""


class UnknownTargetError(DetectscaleError):
    """No target of that name is configured here."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a target stands since its last decision."""

    replicas: int
    """Wanted; 0 only while nothing is in flight."""
    lag: int
    """Records appended and not committed, those in flight included."""
    nobody_runs: bool
    """No worker takes records or starts."""
    decided_at: float
    """By the monotonic clock."""
    entry: Entry


class Target:
    """One target. One thread publishes, any thread reads."""

    def __init__(self, name: str, max_replicas: int, stale_s: float) -> None:
        self.name = name
        self._max_replicas = max_replicas
        self._stale_s = stale_s
        self._listeners: list[Callable[[], None]] = []
        self.latest: Standing | None = None
        """However old; None: nothing was decided yet."""
        self.recent: tuple[Entry, ...] = ()
        """The last `KEPT` entries of its journal, oldest first."""
        self.deciding = False
        """This process decides; else it says what another decided."""
        self.turned_at = time.monotonic()
        """Instant the thread that looks after it turned last, by the monotonic clock."""

    def publish(self, entry: Entry, decided_at: float, before_it: Sequence[Entry] = ()) -> None:
        """
        From now on *entry* is the answer.

        Args:
            decided_at: By the monotonic clock.
            before_it: Entries since the last one published, oldest first, for those who look back.
        """
        seen, before = entry.observation, self.latest
        replicas = min(max(entry.decision.replicas, 0), self._max_replicas)
        self.recent = (*self.recent, *before_it, entry)[-KEPT:]
        self.latest = Standing(replicas, seen.waiting, seen.replicas == 0, decided_at, entry)
        if before is None or (before.replicas > 0, before.lag > 0) != (replicas > 0, seen.waiting > 0):
            for listener in self._listeners:
                listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call *listener*, on the publishing thread, when work or replicas go from none to some or back."""
        self._listeners.append(listener)

    def standing(self, now: float) -> Standing:
        """
        Where it stands at *now*, by the monotonic clock.

        Raises:
            ObservationError: Nothing was decided yet, or too long ago.
        """
        latest = self.latest
        if latest is None:
            raise ObservationError(f"{self.name}: nothing was decided yet")
        if (age_s := now - latest.decided_at) > self._stale_s:
            raise ObservationError(
                f"{self.name}: the last decision is {age_s:.1f} s old, more than {self._stale_s:g} s"
            )
        return latest


Targets = Mapping[str, Target]


def named(targets: Targets, name: str) -> Target:
    """
    The target of that name.

    Raises:
        UnknownTargetError: There is none.
    """
    if name not in targets:
        raise UnknownTargetError(f"no target {name[:63]!r} is configured here")
    return targets[name]
