"""A Deployment, its ScaledObject and its pods, with the test in the kubelet's place."""

import time
from datetime import UTC, datetime
from typing import Any

from autoscaler.kubernetes_fleet.api import Api, Json

LABELS = {"app.kubernetes.io/name": "worker"}
NOWHERE = {"detectscale.test/node": "nowhere"}
"""A node that is not there: pods of the Deployment are created, and stay Pending."""


class Objects:
    """Objects of one namespace, named `worker`."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.core = f"/api/v1/namespaces/{api.namespace}"
        self.apps = f"/apis/apps/v1/namespaces/{api.namespace}"
        self.keda = f"/apis/keda.sh/v1alpha1/namespaces/{api.namespace}"

    def deployment(self, replicas: int = 0, labels: Json = LABELS) -> None:
        """One whose pods nobody runs."""
        template = {"metadata": {"labels": labels}, "spec": pod_spec() | {"nodeSelector": NOWHERE}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        self.api.call("POST", f"{self.apps}/deployments", {"metadata": {"name": "worker"}, "spec": spec})

    def scaled_object(self, annotations: Json | None = None, **changes: Any) -> None:
        """One that asks the target `frames`; KEDA need not run."""
        trigger = {"scalerAddress": "localhost:1", "target": "frames"} | changes.pop("trigger", {})
        spec = {
            "scaleTargetRef": {"name": "worker"},
            "minReplicaCount": 0,
            "maxReplicaCount": 8,
            "triggers": [{"type": "external-push", "metadata": trigger}],
        } | changes
        metadata = {"name": "worker", "annotations": annotations or {}}
        body = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec}
        self.api.call("POST", f"{self.keda}/scaledobjects", body)

    def wanted(self) -> int:
        """`.spec.replicas`."""
        return self.api.call("GET", f"{self.apps}/deployments/worker")["spec"]["replicas"]

    def write_wanted(self, replicas: int) -> None:
        """As KEDA, the HPA or `kubectl scale` do."""
        self.api.merge(f"{self.apps}/deployments/worker/scale", {"spec": {"replicas": replicas}})

    def pod(self, name: str, bound: bool = False, **labels: str) -> None:
        """
        A pod that waits for a scheduler which is not there, so that nobody touches it.

        Args:
            bound: To a node which is not there: it then stays for a while when it is deleted, but
                is removed as an orphan after 40 s.
        """
        spec = pod_spec() | ({"nodeName": "nowhere"} if bound else {"schedulerName": "nobody"})
        metadata = {"name": name, "labels": LABELS | labels}
        self.api.call("POST", f"{self.core}/pods", {"metadata": metadata, "spec": spec})

    def annotations(self, name: str) -> Json:
        """Of a pod."""
        return self.api.call("GET", f"{self.core}/pods/{name}")["metadata"].get("annotations", {})

    def status(self, name: str, **status: Any) -> None:
        """What its kubelet says of a pod."""
        self.api.merge(f"{self.core}/pods/{name}/status", {"status": status})

    def run(self, name: str) -> None:
        """Its kubelet starts it."""
        self.status(name, phase="Running", conditions=[condition("PodScheduled")], containerStatuses=[up()])

    def delete(self, name: str, grace_s: int = 30) -> None:
        """Delete a pod; with a grace it stays until its kubelet says that it has ended."""
        self.api.call("DELETE", f"{self.core}/pods/{name}", {"gracePeriodSeconds": grace_s})

    def events(self) -> list[Json]:
        """Events in the namespace that the autoscaler wrote."""
        found = self.api.call("GET", f"{self.core}/events")["items"]
        return [one for one in found if one["source"].get("component") == "detectscale-autoscaler"]


def pod_spec() -> Json:
    return {"containers": [{"name": "worker", "image": "registry.invalid/worker"}]}


def condition(kind: str, status: str = "True", **more: str) -> Json:
    return {"type": kind, "status": status, "lastTransitionTime": rfc3339(time.time())} | more


def up() -> Json:
    """A container that runs."""
    return {
        "name": "worker",
        "image": "",
        "imageID": "",
        "ready": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": rfc3339(time.time())}},
    }


def rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
