"""
What happened during a run, as it is told by the autoscaler and the publisher.

Written by their threads and read by the screen and the report; each list only grows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from autoscaler.decision import Decision
from autoscaler.observation import Observation


@dataclass(frozen=True, slots=True)
class Sample:
    """One look of the autoscaler."""

    observation: Observation
    decision: Decision


@dataclass(slots=True)
class History:
    """Everything a run is judged by, except what lies in Kafka."""

    samples: list[Sample] = field(default_factory=list)
    replica_seconds: float = 0.0
    """Sum over the workers of the time they existed, as looked at several times a second."""
    _looked_at: float | None = None

    def decided(self, observation: Observation, decision: Decision) -> None:
        """The autoscaler's callback."""
        self.samples.append(Sample(observation, decision))

    def saw_fleet(self, now: float, replicas: int) -> None:
        """*replicas* worker processes exist at *now*, seconds on any steady clock."""
        self.replica_seconds += replicas * (now - (now if self._looked_at is None else self._looked_at))
        self._looked_at = now

    @property
    def at_rest(self) -> bool:
        """The last decision is for no workers, with nothing waiting."""
        return (
            bool(self.samples)
            and self.samples[-1].decision.replicas == self.samples[-1].observation.waiting == 0
        )

    def wakeups(self) -> list[float]:
        """Instants at which the replica count rose from zero."""
        changes = replica_changes(self.samples)
        return [sample.decision.at for before, sample in changes if before == 0]


def replica_changes(samples: Sequence[Sample]) -> list[tuple[int, Sample]]:
    """The samples whose decision changed the replica count, each with the count before; it starts from 0."""
    counts = [0, *(sample.decision.replicas for sample in samples)]
    return [
        (before, sample)
        for before, sample in zip(counts, samples, strict=False)
        if sample.decision.replicas != before
    ]
