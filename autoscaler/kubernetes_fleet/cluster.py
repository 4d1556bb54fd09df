"""
What there is in our namespace: pods, Deployments and ScaledObjects, by three watches for all targets.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from autoscaler.errors import ObservationError
from autoscaler.kubernetes_fleet.api import Api
from autoscaler.kubernetes_fleet.courier import Courier
from autoscaler.kubernetes_fleet.ownership import (
    Deployment,
    ScaledObject,
    read_deployment,
    read_scaled_object,
)
from autoscaler.kubernetes_fleet.pods import Pod, read_pod
from autoscaler.kubernetes_fleet.selector import selects
from autoscaler.kubernetes_fleet.watched import Watched

T = TypeVar("T")

TOO_OLD_S = 10.0
"""
From this age on, what was seen last is no answer. Until then it is the best one: nobody, KEDA included,
can add or remove a pod through an API server that is away, and workers say themselves when they leave.
"""


class Cluster:
    """One namespace, watched from construction until `close`. Any thread may look."""

    def __init__(self, api: Api, now: Callable[[], float] = time.monotonic) -> None:
        self.api = api
        self.acts = Courier("kubernetes acts")
        """For what changes pods and numbers."""
        self.tells = Courier("kubernetes tells")
        """For what only says something."""
        self._now = now
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        spot = f"namespaces/{api.namespace}"
        self._pods = Watched(api, f"/api/v1/{spot}/pods", read_pod, self._tell)
        self._deployments = Watched(api, f"/apis/apps/v1/{spot}/deployments", read_deployment, self._tell)
        self._scaled_objects = Watched(
            api, f"/apis/keda.sh/v1alpha1/{spot}/scaledobjects", read_scaled_object, self._tell
        )
        self._watches = (self._pods, self._deployments, self._scaled_objects)
        for watched in self._watches:
            watched.start()

    def deployment(self, name: str) -> Deployment:
        """
        The Deployment of that name.

        Raises:
            ObservationError: There is none, or the API server has been away for too long.
        """
        known = self._fresh(self._deployments).get(name)
        if known is None:
            raise ObservationError(f"kubernetes: {self.api.namespace} has no deployment {name!r}")
        return known

    def pods(self, deployment: Deployment) -> list[Pod]:
        """
        Those of *deployment* that have not ended, oldest first.

        Raises:
            ObservationError: The API server has been away for too long.
        """
        ours = (pod for pod in self._fresh(self._pods).values() if selects(deployment.selector, pod.labels))
        return sorted((pod for pod in ours if not pod.ended), key=lambda pod: (pod.born_at, pod.name))

    def owner(self, deployment: str) -> ScaledObject | None:
        """The ScaledObject that scales *deployment*; None: there is none, or nobody knows at the moment."""
        if self._scaled_objects.age_s(self._now()) > TOO_OLD_S:
            return None
        known = self._scaled_objects.objects.values()
        return next((one for one in known if one.deployment == deployment), None)

    def wait(self, until: Callable[[], bool], within_s: float) -> bool:
        """Wait for what a watch shows, at most so long; whether it has shown it."""
        with self._changed:
            return self._changed.wait_for(until, within_s)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call *listener*, which returns at once, on a watching thread after each change."""
        self._listeners.append(listener)

    def close(self) -> None:
        """End all threads."""
        for watched in self._watches:
            watched.close()
        self.acts.close()
        self.tells.close()
        self.api.close()

    def _fresh(self, watched: Watched[T]) -> Mapping[str, T]:
        age_s = watched.age_s(self._now())
        if math.isinf(age_s):
            raise ObservationError(f"kubernetes: nothing was seen yet of {self.api.namespace}")
        if age_s > TOO_OLD_S:
            raise ObservationError(f"kubernetes: {self.api.namespace} was seen {age_s:.0f} s ago")
        return watched.objects

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for listener in self._listeners:
            listener()
