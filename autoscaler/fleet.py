"""
A fleet: the replicas that run, and the one way to have more or fewer of them.

The fleet knows who exists. Whether a worker takes records yet, only the worker knows
(`workers.status`); `workforce.py` joins the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from frames.status import WorkerStatus


@dataclass(frozen=True, slots=True)
class Replica:
    """One worker that exists, ready or not."""

    worker: str
    """Its id, the one that its status carries."""
    born_at: float
    """Instant it was started, seconds since the epoch."""
    draining: bool
    """It was told to finish what it has and to leave."""
    up: bool = True
    """Its process runs; what is down may come up again, under the same id."""
    unschedulable: bool = False
    """It has no place to run."""
    phases_s: Mapping[str, float] | None = None
    """Seconds of each phase before its process that is over, in order; None: there is none to speak of."""


class Fleet(Protocol):
    """Worker processes, pods or virtual workers."""

    def replicas(self) -> tuple[Replica, ...]:
        """
        Those that exist now, oldest first, draining ones included.

        Raises:
            ObservationError: Nobody knows.
        """
        ...

    def scale(self, replicas: int, statuses: Mapping[str, WorkerStatus], now: float) -> None:
        """
        Bring the number of replicas that do not drain to *replicas*.

        Called at every step, also without a change, so that the fleet looks after itself.

        Args:
            statuses: What each worker last said, by id: who is idle leaves first.

        Raises:
            ConfigError: Workers cannot run as configured; trying again is of no use.
            ActuationError: It did not work this time.
        """
        ...
