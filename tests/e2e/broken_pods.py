"""Pods that end before their time: killed as a node's failure would, or drained as an administrator does."""

import json

from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.kubectl import KubectlError
from tests.e2e.cluster.node import SOCKET
from tests.e2e.deployment import NAMESPACE, Deployment


def kill(cluster: Cluster, deployment: Deployment, pod: str) -> None:
    """SIGKILL; and the pod is not there any more, so that its container is not started again."""
    (container,) = deployment.kubectl.get("pod", pod)["status"]["containerStatuses"]
    known = container["containerID"].removeprefix("containerd://")
    ctr = ["ctr", "--address", SOCKET, "--namespace", "k8s.io"]
    cluster.machine.run(*ctr, "tasks", "kill", "--signal=SIGKILL", known)
    deployment.kubectl("delete", "pod", pod, "--grace-period=0", "--force")


def disruptable(deployment: Deployment) -> bool:
    """Whether the budget of the workers knows two of them, of which one may go."""
    status = deployment.kubectl.get("poddisruptionbudget", "worker")["status"]
    return (status["currentHealthy"], status["disruptionsAllowed"]) == (2, 1)


def evict(deployment: Deployment, pod: str) -> None:
    """Ask for what a drain asks; raises `KubectlError` if the budget does not allow it now."""
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    deployment.kubectl("create", "--raw", path, "--filename=-", given=json.dumps(body))


def evicted(deployment: Deployment, pod: str) -> bool:
    """Try once more."""
    try:
        evict(deployment, pod)
    except KubectlError as error:
        if "disruption budget" not in str(error):
            raise
        return False
    return True
