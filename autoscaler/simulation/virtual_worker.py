"""
A worker pod, and which of them its ReplicaSet gives up first.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from frames.status import WorkerState


@dataclass(slots=True, eq=False)
class VirtualWorker:
    """A pod from its creation to its end; the plant changes it."""

    number: int
    """In the order of creation."""
    created_at: float
    state: WorkerState = WorkerState.STARTING
    deletion_cost: int = 0
    """As in the annotation `controller.kubernetes.io/pod-deletion-cost`."""
    left_at: float = math.inf
    """Instant it was told to leave."""
    gone_at: float = math.inf
    heads: list[int] = field(default_factory=list)
    """See `Topic`; empty while it has no partition."""
    batch: list[int] = field(default_factory=list)
    """Records it works on."""
    batch_began_at: float = 0.0
    idle_since: float = 0.0
    """While it is ready and has no batch."""
    wakes_at: float = math.inf
    """When it will look for records next, while it is idle."""


def release_order(workers: Iterable[VirtualWorker]) -> list[VirtualWorker]:
    """
    Sort *workers* as a ReplicaSet gives them up.

    Those that are not ready, then the ready ones by deletion cost; the newest first among
    equals. To take the one that would start last would leak the future.

    Source: Kubernetes, pkg/controller/controller_utils.go, ActivePodsWithRanks.
    """
    return sorted(workers, key=lambda w: (w.state is WorkerState.READY, w.deletion_cost, -w.number))
