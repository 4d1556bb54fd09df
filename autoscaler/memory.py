"""
What the policy carries from one decision to the next: a frozen value, part of the journal.
"""

from dataclasses import dataclass, replace

from autoscaler.demand import Demand
from autoscaler.observation import Observation
from autoscaler.surges import SAMPLE_S, SAMPLES

GAPS = 100
"""Gaps remembered, the last ones."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was seen and decided so far, as far as it still matters."""

    replicas: int | None = None
    """Last count decided; None: there was none, the running replicas stand for it."""
    quiet_since: float | None = None
    """Instant of the last work done; None: something waits or is in flight."""
    gaps: tuple[float, ...] = ()
    """Seconds from the last work done to the next record, whenever nothing was left to do, oldest first."""
    ready: int = 0
    """Replicas that took records at the last look."""
    ready_since: float | None = None
    """Instant from which on it was this many; None: there was no look."""
    rates: tuple[float, ...] = ()
    """Arrivals per second every `SAMPLE_S`, the last `SAMPLES` of them, oldest first."""
    rated_at: float | None = None
    """Instant of the last of them; None: there is none."""

    def updated(self, observation: Observation, work: Demand) -> "Memory":
        """With what *observation* adds."""
        same = self.ready_since is not None and self.ready == observation.ready
        noted = replace(
            self._rated(observation),
            ready=observation.ready,
            ready_since=self.ready_since if same else observation.at,
        )
        if observation.waiting or observation.in_flight:
            next_record = observation.at - (observation.oldest_age or 0.0)
            return replace(noted._after_gap(next_record), quiet_since=None)
        if observation.idle_for is None:
            return noted if self.quiet_since is not None else replace(noted, quiet_since=observation.at)
        quiet_since = observation.at - observation.idle_for
        if self.quiet_since is not None and quiet_since > self.quiet_since + work.record_s / 2:
            noted = noted._after_gap(quiet_since - work.record_s)  # something came and was done in between
        return replace(noted, quiet_since=quiet_since)

    def _rated(self, observation: Observation) -> "Memory":
        at, rate = observation.at, observation.arrival_rate
        if rate is None or (self.rated_at is not None and 0 <= at - self.rated_at < SAMPLE_S):
            return self
        return replace(self, rates=(*self.rates, rate)[-SAMPLES:], rated_at=at)

    def _after_gap(self, next_record: float) -> "Memory":
        if self.quiet_since is None:
            return self
        gap = max(next_record - self.quiet_since, 0.0)
        return replace(self, gaps=(*self.gaps, gap)[-GAPS:])
