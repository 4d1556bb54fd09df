"""
A worker's pod, as far as the fleet looks at it; pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from autoscaler.kubernetes_fleet.api import Json

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
POD_PHASES = ("schedule", "sandbox", "image")
"""
The steps from a pod's creation to its process: a node is found → network and volumes are
there → the image is pulled and the container runs.
"""
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod."""

    name: str
    labels: Mapping[str, str]
    born_at: float
    """Instant of its creation, seconds since the epoch."""
    ended: bool
    """It has run, and will not run again: evicted ones too."""
    leaving: bool
    """Its deletion was asked for."""
    unschedulable: bool
    """No node has room for it."""
    up: bool
    """Its process runs."""
    cost: int
    """Of its deletion, in comparison to others."""
    reached_at: Mapping[str, float]
    """Instant at which each of POD_PHASES was over, of those that are."""

    @property
    def phases_s(self) -> dict[str, float]:
        """Seconds of each phase that is over. Once the process runs all are, if some were not told of."""
        phases_s, since = {}, self.born_at
        for phase in POD_PHASES:
            if phase not in self.reached_at and not self.up:
                break
            ended_at = max(self.reached_at.get(phase, since), since)
            phases_s[phase] = ended_at - since
            since = ended_at
        return phases_s


def read_pod(manifest: Json, before: Pod | None, seen_at: float) -> Pod:
    """
    Read a pod.

    Kubernetes tells instants in whole seconds; when it was first seen says where in that second it was.

    Args:
        before: The same pod as it was read before; None: it is new here.
        seen_at: Seconds since the epoch.
    """
    metadata, status = manifest["metadata"], manifest.get("status", {})
    conditions = {one["type"]: one for one in status.get("conditions", ())}
    scheduled = conditions.get("PodScheduled", {})
    containers = [one.get("state", {}) for one in status.get("containerStatuses", ())]
    running = [state["running"]["startedAt"] for state in containers if "running" in state]
    up = bool(running) and len(running) == len(containers)
    told = {
        "schedule": _when(scheduled),
        "sandbox": _when(conditions.get("PodReadyToStartContainers", {})),
        "image": max(running) if up else None,
    }
    known = before.reached_at if before is not None else {}
    reached_at = {
        phase: known[phase] if phase in known else _within(second, seen_at)
        for phase, second in told.items()
        if second is not None or phase in known
    }
    return Pod(
        name=metadata["name"],
        labels=metadata.get("labels", {}),
        born_at=before.born_at if before is not None else _within(metadata["creationTimestamp"], seen_at),
        ended=status.get("phase") in ENDED,
        leaving="deletionTimestamp" in metadata,
        unschedulable=scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable",
        up=up,
        cost=_whole(metadata.get("annotations", {}).get(DELETION_COST)),
        reached_at=reached_at,
    )


def _when(condition: Json) -> str | None:
    return condition.get("lastTransitionTime") if condition.get("status") == "True" else None


def _within(second: str | None, seen_at: float) -> float:
    begins_at = datetime.fromisoformat(second or "").timestamp()
    return min(max(seen_at, begins_at), begins_at + 1)


def _whole(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0  # as the ReplicaSet controller takes it
