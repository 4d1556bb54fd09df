"""
The fleet of a target that KEDA scales: its workers are seen here, but brought about by others.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from autoscaler.adapter.settings import Scaled
from autoscaler.decision import Decision
from autoscaler.fleet import Fleet, Replica
from frames.status import WorkerStatus


class ScaledFleet(Fleet, Protocol):
    """
    A fleet whose replica count belongs to KEDA and the HPA.

    `scale` is called after the decision was published, at every step. What it does to the workers
    is up to it (who is to leave first); how many there are is not.
    """

    def anticipate(self, decision: Decision, statuses: Mapping[str, WorkerStatus]) -> None:
        """
        Anticipate KEDA: called with each new decision before anybody else hears of it.

        Returns once a push may follow, within half a second; that it could not is its own to log.
        """
        ...


FleetOf = Callable[[Scaled], ScaledFleet]


class UnseenFleet:
    """Only what workers say of themselves is known, and KEDA alone acts."""

    def replicas(self) -> tuple[Replica, ...]:
        return ()

    def scale(self, replicas: int, statuses: Mapping[str, WorkerStatus], now: float) -> None:
        pass

    def anticipate(self, decision: Decision, statuses: Mapping[str, WorkerStatus]) -> None:
        pass
