"""
The reason of each change as a Kubernetes Event, where `kubectl describe` shows it.

What happens again within `AGAIN_S` is counted on the Event that is there, with the latest words, as the
client of Kubernetes itself does it.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from autoscaler.decision import Decision
from autoscaler.kubernetes_fleet.api import ApiError, Json
from autoscaler.kubernetes_fleet.cluster import Cluster
from autoscaler.kubernetes_fleet.ownership import Deployment, ScaledObject

COMPONENT = "detectscale-autoscaler"
AGAIN_S = 60.0
MOST_CHARACTERS = 1024
"""Of an Event's message."""
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class _Told:
    name: str
    about: str
    count: int
    first_at: float


class Events:
    """About one Deployment. Nothing waits for them, and one that cannot be written is left out."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._told: dict[str, _Told] = {}
        self._warned: tuple[str, ...] = ()

    def decided(
        self, before: int, decision: Decision, deployment: Deployment, owner: ScaledObject | None
    ) -> None:
        """Say why it is not *before* replicas any more, and what stands in the way of the goal since now."""
        about = _reference(deployment, owner, self._cluster.api.namespace)
        if decision.replicas != before:
            reason = "ScaleUp" if decision.replicas > before else "ScaleDown"
            self._send(about, "Normal", reason, f"{before} → {decision.explain()}")
        if decision.warnings and not self._warned:
            self._send(about, "Warning", "GoalOutOfReach", "; ".join(decision.warnings))
        self._warned = decision.warnings

    def _send(self, about: Json, kind: str, reason: str, message: str) -> None:
        words = {"type": kind, "reason": reason, "message": message[:MOST_CHARACTERS]}
        self._cluster.tells.send(partial(self._write, about, words, time.time()))

    def _write(self, about: Json, words: Json, at: float) -> None:
        path = f"/api/v1/namespaces/{self._cluster.api.namespace}/events"
        last = self._told.get(words["reason"])
        if last is not None and last.about == about["uid"] and 0 <= at - last.first_at < AGAIN_S:
            again = replace(last, count=last.count + 1)
            try:
                self._cluster.api.merge(f"{path}/{last.name}", words | _times(again, at))
                self._told[words["reason"]] = again
                return
            except ApiError as error:
                if error.status != NOT_FOUND:
                    raise
        new = _Told(f"{about['name']}.{time.time_ns():x}", about["uid"], 1, at)
        self._cluster.api.call("POST", path, words | _times(new, at) | _origin(new.name, about))
        self._told[words["reason"]] = new


def _reference(deployment: Deployment, owner: ScaledObject | None, namespace: str) -> Json:
    kinds = (("apps/v1", "Deployment"), ("keda.sh/v1alpha1", "ScaledObject"))
    version, kind = kinds[owner is not None]
    about = owner or deployment
    return {
        "apiVersion": version,
        "kind": kind,
        "namespace": namespace,
        "name": about.name,
        "uid": about.uid,
    }


def _times(told: _Told, at: float) -> Json:
    return {"count": told.count, "firstTimestamp": _rfc3339(told.first_at), "lastTimestamp": _rfc3339(at)}


def _origin(name: str, about: Json) -> Json:
    return {
        "metadata": {"name": name},
        "involvedObject": about,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
    }


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
