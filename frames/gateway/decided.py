"""
A decision of the autoscaler as it is shown: what was seen, what was decided, and why in words.

Made from a record of the journal by whoever knows what stands in it; here it is only kept and told.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """How long workers have taken to start, as far as that is known."""

    mean_s: float
    p90_s: float
    count: int
    """Starts that this was learned from."""
    phases_s: Mapping[str, float]
    """Mean of each phase, in the order in which they happen."""
    phases_p90_s: Mapping[str, float]
    """Empty: not known."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about one target."""

    target: str
    at: float
    """Seconds since the epoch."""
    replicas: int
    recommended: int
    """Before the limits."""
    reason: str
    words: str
    waiting: int
    """Frames appended and not committed."""
    oldest_age_s: float | None
    """Of those that wait; None: nothing waits."""
    arrival_rate: float | None
    """Frames per second; None: not known."""
    served_rate: float | None
    """The same of committed ones."""
    ready: int
    starting: int
    draining: int
    in_flight: int
    unschedulable: int
    warnings: tuple[str, ...]
    committed: int | None
    """Frames committed since the beginning of the topic; None: not known."""
    slo_s: float | None
    """The goal it was decided by; None: the record does not say."""
    cold_start: ColdStarts | None

    @property
    def existing(self) -> int:
        """Replicas that cost something."""
        return self.ready + self.starting + self.draining
