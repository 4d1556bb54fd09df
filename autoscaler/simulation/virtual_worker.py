"""
A worker pod, and which of them its ReplicaSet gives up first.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from frames.status import WorkerState

REPORT_S = 2.0
"""Seconds between two reports of a worker: the first is heard at most so long after its container is up."""


@dataclass(slots=True, eq=False)
class VirtualWorker:
    """A pod from its creation to its end; the plant changes it."""

    number: int
    """In the order of creation."""
    created_at: float
    runs_at: float = 0.0
    """When its container is up."""
    ready_at: float = 0.0
    """When it will be ready; only `left_s` may tell of it before."""
    misjudged: float = 0.0
    """What it reports to be left of its start, as a multiple of what is; 0: it does not report."""
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

    def left_s(self, now: float) -> float | None:
        """Seconds until it is ready, as far as its reports tell; None while it has made none."""
        if not self.misjudged or now < self.runs_at + REPORT_S:
            return None
        return max(self.ready_at - now, 0.0) * self.misjudged


def release_order(workers: Iterable[VirtualWorker], now: float) -> list[VirtualWorker]:
    """
    Sort *workers* as a ReplicaSet gives them up.

    Those whose container is not up, those that run but are not ready, the ready ones; in
    each group by deletion cost, and the newest first among equals. To take the one that
    would start last would leak the future.

    Source: Kubernetes, pkg/controller/controller_utils.go, ActivePodsWithRanks.
    """

    def rank(worker: VirtualWorker) -> tuple[bool, bool, int, int]:
        ready, runs = worker.state is WorkerState.READY, now >= worker.runs_at
        return runs, ready, worker.deletion_cost if runs else 0, -worker.number

    return sorted(workers, key=rank)
