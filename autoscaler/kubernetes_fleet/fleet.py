"""
The pods of one Deployment as a fleet whose number belongs to KEDA.
"""

from collections.abc import Mapping

from autoscaler.decision import Decision
from autoscaler.errors import ObservationError
from autoscaler.fleet import Replica
from autoscaler.kubernetes_fleet.cluster import Cluster
from autoscaler.kubernetes_fleet.deletion_cost import DeletionCosts
from autoscaler.kubernetes_fleet.events import Events
from autoscaler.kubernetes_fleet.pods import Pod
from autoscaler.kubernetes_fleet.surge import Surge
from frames.status import WorkerStatus

SETTLE_S = 0.3
"""How long a decision may be held back until it is written who leaves first."""


class KubernetesFleet:
    """A worker's id is its pod's name. Not thread-safe."""

    def __init__(self, cluster: Cluster, target: str, deployment: str) -> None:
        """
        Args:
            target: As a ScaledObject names it.
            deployment: Its name.
        """
        self._cluster = cluster
        self._deployment = deployment
        self._surge = Surge(cluster, deployment, target)
        self._costs = DeletionCosts(cluster)
        self._events = Events(cluster)
        self._wanted: int | None = None
        """As last decided here; None: nothing was."""

    def replicas(self) -> tuple[Replica, ...]:
        """
        Those whose pod has not ended, oldest first.

        Raises:
            ObservationError: The API server has been away for too long, or there is no such Deployment.
        """
        return tuple(replica(pod) for pod in self._pods())

    def anticipate(self, decision: Decision, statuses: Mapping[str, WorkerStatus]) -> None:
        """Before anybody hears of *decision*: from zero be there at once, and say who is to leave first."""
        try:
            deployment = self._cluster.deployment(self._deployment)
            pods = self._cluster.pods(deployment)
        except ObservationError:
            return  # then KEDA alone acts
        before = deployment.replicas if self._wanted is None else self._wanted
        self._wanted = decision.replicas
        self._events.decided(before, decision, deployment, self._cluster.owner(self._deployment))
        if decision.replicas > before:
            self._surge.rise(decision.replicas)
            self._surge.from_zero()
        elif decision.replicas < before:
            self._surge.fall()
        if decision.replicas < sum(not pod.leaving for pod in pods):
            self._costs.keep(pods, statuses, decision.at, urgent=True)
            self._cluster.acts.settled(SETTLE_S)

    def scale(self, replicas: int, statuses: Mapping[str, WorkerStatus], now: float) -> None:
        """The number is KEDA's: only be quicker than the HPA, and keep it said who is to leave first."""
        self._surge.from_some()
        try:
            pods = self._pods()
        except ObservationError:
            return
        self._costs.keep(pods, statuses, now, urgent=replicas < len(pods))

    def _pods(self) -> list[Pod]:
        return self._cluster.pods(self._cluster.deployment(self._deployment))


def replica(pod: Pod) -> Replica:
    """What the policy's sensor wants to know of *pod*."""
    return Replica(pod.name, pod.born_at, pod.leaving, pod.up, pod.unschedulable, pod.phases_s)
