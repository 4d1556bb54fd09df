"""
What the policy decides, and why, in numbers and in words.
"""

from dataclasses import dataclass
from enum import StrEnum

from autoscaler.demand import Demand
from autoscaler.lookahead import Option
from autoscaler.memory import Memory

__all__ = ["Decision", "Memory", "Outlook", "Reason"]


class Reason(StrEnum):
    """Why it is this count: spelled as `kubectl describe hpa` does where it has the word."""

    WITHIN_RANGE = "DesiredWithinRange"
    NOT_YET = "LastResponsibleMoment"
    SURGES = "SurgeReserve"
    NOTHING_WAITS = "NothingWaits"
    STABILIZED = "ScaleDownStabilized"
    UNKNOWN = "MetricsUnknown"
    FRAMES_IN_FLIGHT = "FramesInFlight"
    KEEP_ALIVE = "KeepAlive"
    UNSCHEDULABLE = "Unschedulable"
    PARTITIONS = "PartitionBound"
    TOO_FEW = "TooFewReplicas"
    TOO_MANY = "TooManyReplicas"
    HELD = "FailedGetMetrics"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was foreseen."""

    options: tuple[Option, ...]
    """What each size of the fleet would come to if it were had now; none: there is nothing to do."""
    options_later: tuple[Option, ...]
    """The same if new replicas were started a tick later; none: no more are wanted."""
    fewest: int
    """Fewer replicas would soon have to grow again."""
    surges: int
    """Fewer replicas would be too few for a surge, where no start is in time; 0: one is."""
    keep_alive_s: float | None
    """How long the last replica stays with nothing to do; None: there is something."""
    quiet_s: float
    """Seconds for which there has been nothing to do."""

    @property
    def over(self) -> bool:
        """There has been nothing to do for long enough."""
        return self.keep_alive_s is not None and self.quiet_s >= self.keep_alive_s


@dataclass(frozen=True, slots=True)
class Decision:
    """A replica count, and every number on the way to it."""

    at: float
    replicas: int
    recommended: int
    """The cheapest size foreseen, before the limits."""
    reason: Reason
    """The last limit that changed the count."""
    demand: Demand
    outlook: Outlook | None = None
    """None: nobody looked ahead."""
    warnings: tuple[str, ...] = ()
    """Why the goal cannot be kept, whatever is decided."""

    def explain(self) -> str:
        """In words, for a log or a screen."""
        d = self.demand
        oldest = "" if d.oldest_age is None else f", the oldest {d.oldest_age:.1f} s"
        return (
            f"{_count(self.replicas, 'worker')}: {_count(d.waiting, 'frame')} waiting{oldest}; "
            f"{d.arrival_rate:.1f}/s arrive, one worker finishes {d.replica_rate:.1f}/s "
            f"and takes {d.start_s:.1f} s to start{self._foreseen()} ({self.reason})"
        )

    def _foreseen(self) -> str:
        if self.outlook is None:
            return ""
        if self.outlook.keep_alive_s is not None:
            return f"; nothing to do for {self.outlook.quiet_s:.1f} s of {self.outlook.keep_alive_s:.1f} s"
        option = next(option for option in self.outlook.options if option.replicas == self.recommended)
        return f"; {_count(option.replicas, 'worker')} would be late with {option.missed:.0f}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
