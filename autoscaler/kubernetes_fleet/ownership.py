"""
Who owns the number of replicas: a Deployment, and the ScaledObject that scales it; pure.
"""

from dataclasses import dataclass

from autoscaler.kubernetes_fleet.api import Json

PAUSED = "autoscaling.keda.sh/paused"
PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas"
PAUSED_SCALE_OUT = "autoscaling.keda.sh/paused-scale-out"
DEFAULT_MAX_REPLICAS = 100
"""KEDA's."""
DESIRED_REPLICAS = "desired-replicas"
EXTERNAL = ("external", "external-push")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the fleet looks at."""

    name: str
    uid: str
    replicas: int
    """Wanted by its spec, whoever wrote that."""
    selector: Json


@dataclass(frozen=True, slots=True)
class ScaledObject:
    """What the fleet looks at."""

    name: str
    uid: str
    deployment: str | None
    """That it scales; None: it scales something else."""
    max_replicas: int
    held: bool
    """A person has paused it, or it is on its way out."""
    targets: frozenset[str]
    """Targets of ours of which it asks the desired replicas: only then does the HPA want what we want."""


def read_deployment(manifest: Json, before: Deployment | None, seen_at: float) -> Deployment:
    """Read a Deployment."""
    metadata, spec = manifest["metadata"], manifest["spec"]
    return Deployment(
        name=metadata["name"],
        uid=metadata["uid"],
        replicas=spec.get("replicas", 1),
        selector=spec["selector"],
    )


def read_scaled_object(manifest: Json, before: ScaledObject | None, seen_at: float) -> ScaledObject:
    """Read a ScaledObject."""
    metadata, spec = manifest["metadata"], manifest["spec"]
    scales = spec["scaleTargetRef"]
    notes = metadata.get("annotations", {})
    return ScaledObject(
        name=metadata["name"],
        uid=metadata["uid"],
        deployment=scales["name"] if scales.get("kind", "Deployment") == "Deployment" else None,
        max_replicas=spec.get("maxReplicaCount", DEFAULT_MAX_REPLICAS),
        held="deletionTimestamp" in metadata
        or PAUSED_REPLICAS in notes
        or any(_true(notes.get(name)) for name in (PAUSED, PAUSED_SCALE_OUT)),
        targets=frozenset(
            asked["target"]
            for trigger in spec.get("triggers", ())
            if trigger.get("type") in EXTERNAL and "target" in (asked := trigger.get("metadata", {}))
            if asked.get("metric", DESIRED_REPLICAS) == DESIRED_REPLICAS
        ),
    )


def _true(text: str | None) -> bool:
    """What is no boolean counts as true, as it does for KEDA."""
    return text is not None and text.lower() not in ("false", "f", "0")
