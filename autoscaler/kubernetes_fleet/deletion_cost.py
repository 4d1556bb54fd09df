"""
Who leaves first: the cost of a pod's deletion, which the ReplicaSet controller compares.

It takes pods that are not ready first, whatever they cost; then the cheapest. So: who starts, then
who has had nothing to do for a while, then who is between two batches, then who has most in flight last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from autoscaler.kubernetes_fleet.cluster import Cluster
from autoscaler.kubernetes_fleet.pods import DELETION_COST, POD_PHASES, Pod
from frames.status import PHASES, WorkerState, WorkerStatus

STARTING = -(len(POD_PHASES) + len(PHASES))
"""Of who has just been created; each phase that is over makes it dearer."""
IDLE = 0
"""What a pod costs that says nothing."""
JUST_IDLE = 10
BUSY = 20
IDLE_S = 2.0
"""A worker that had something to do more lately will soon have again."""
PAUSE_S = 5.0
"""How often a pod's cost follows, while nobody is to leave."""


def cost(pod: Pod, status: WorkerStatus | None, now: float) -> int:
    """
    What deleting *pod* costs, *now* in seconds since the epoch.

    A worker with twice as much in flight costs one more: were it the number itself, it would
    have to be written anew with each batch.
    """
    if status is None or not pod.up or status.state is WorkerState.STARTING:
        done = len(pod.reached_at) + (len(status.phases_s) if status is not None and pod.up else 0)
        return STARTING + min(done, -STARTING - 1)
    if status.in_flight:
        return BUSY + status.in_flight.bit_length()
    if status.idle_since is None or now - status.idle_since < IDLE_S:
        return JUST_IDLE
    return IDLE


@dataclass(frozen=True, slots=True)
class _Written:
    cost: int
    at: float


class DeletionCosts:
    """Keeps the costs in step. Time is seconds since the epoch. Not thread-safe."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._written: dict[str, _Written] = {}

    def keep(
        self, pods: Sequence[Pod], statuses: Mapping[str, WorkerStatus], now: float, urgent: bool
    ) -> None:
        """
        Have the costs written that have changed.

        Args:
            urgent: Somebody is to leave, so at once; else each only every `PAUSE_S`.
        """
        self._written = {pod.name: self._written[pod.name] for pod in pods if pod.name in self._written}
        for pod in pods:
            due = cost(pod, statuses.get(pod.name), now)
            if due != pod.cost and self._may_write(pod.name, due, now, urgent):
                self._written[pod.name] = _Written(due, now)
                self._cluster.acts.send(partial(self._write, pod.name, due))

    def _may_write(self, pod: str, due: int, now: float, urgent: bool) -> bool:
        last = self._written.get(pod)
        if last is None or (urgent and last.cost != due):
            return True
        return not 0 <= now - last.at < PAUSE_S

    def _write(self, pod: str, due: int) -> None:
        path = f"/api/v1/namespaces/{self._cluster.api.namespace}/pods/{pod}"
        self._cluster.api.merge(path, {"metadata": {"annotations": {DELETION_COST: str(due)}}})
