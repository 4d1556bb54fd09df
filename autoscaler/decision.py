"""
What the policy decides, why, and what it remembers.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from autoscaler.demand import Demand
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings


class Reason(StrEnum):
    """Why it is this count: spelled as `kubectl describe hpa` does where it has the word."""

    WITHIN_RANGE = "DesiredWithinRange"
    NOTHING_WAITS = "NothingWaits"
    STABILIZED = "ScaleDownStabilized"
    UNKNOWN = "MetricsUnknown"
    FRAMES_IN_FLIGHT = "FramesInFlight"
    KEEP_ALIVE = "KeepAlive"
    PARTITIONS = "PartitionBound"
    TOO_FEW = "TooFewReplicas"
    TOO_MANY = "TooManyReplicas"
    HELD = "FailedGetMetrics"


@dataclass(frozen=True, slots=True)
class Decision:
    """A replica count, and every number on the way to it."""

    at: float
    replicas: int
    recommended: int
    """What the demand alone asks for, before the limits."""
    reason: Reason
    """The last limit that changed the count."""
    demand: Demand

    def explain(self) -> str:
        """In words, for a log or a screen."""
        d = self.demand
        oldest = "" if d.oldest_age is None else f", the oldest {d.oldest_age:.1f} s"
        return (
            f"{_count(self.replicas, 'worker')}: {_count(d.waiting, 'frame')} waiting{oldest}; "
            f"{d.arrival_rate:.1f}/s arrive, one worker finishes {d.replica_rate:.1f}/s; "
            f"in {d.cold_start_s:.1f} s {d.backlog:.0f} will wait, to be gone within {d.drain_s:.1f} s: "
            f"{d.replicas:.1f} needed ({self.reason})"
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """What the policy carries from one decision to the next."""

    replicas: int | None = None
    """Last count decided; None: there was none, the running replicas stand for it."""
    recommendations: tuple[tuple[float, int], ...] = ()
    """(instant, recommended) within the stabilization window, oldest first."""
    quiet_since: float | None = None
    """Instant from which on nothing was seen to wait, arrive or be in flight; None: something was."""

    def updated(self, observation: Observation, recommended: int, params: PolicySettings) -> "Memory":
        """With what *observation* and its recommendation add."""
        from_instant = observation.at - params.stabilization_s
        kept = tuple(entry for entry in self.recommendations if entry[0] >= from_instant)
        return replace(
            self,
            recommendations=(*kept, (observation.at, recommended)),
            quiet_since=_quiet_since(observation, self.quiet_since),
        )


def _quiet_since(observation: Observation, before: float | None) -> float | None:
    if observation.waiting or observation.in_flight or observation.arrival_rate != 0:
        return None
    return observation.at if before is None else before


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
