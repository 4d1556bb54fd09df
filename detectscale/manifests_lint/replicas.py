"""
What can be wrong with the numbers of replicas that a ScaledObject allows.

Each function yields what is wrong, and where; consequence and cure stand in the table of `rules.py`.
"""

from collections.abc import Iterator

from autoscaler.adapter.settings import Scaled
from autoscaler.adapter.settings import scaled as targets_of
from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest
from detectscale.manifests_lint.triggers import ADAPTER, KAFKA, metadata, triggers
from detectscale.settings import Settings

DEFAULT_MAX = 100
"""Of KEDA."""


def max_replicas(scaled: Manifest) -> int:
    """As KEDA understands it."""
    return int(scaled.number("spec.maxReplicaCount", DEFAULT_MAX))


def targets(settings: Settings) -> tuple[Scaled, ...]:
    """What the autoscaler knows with these settings."""
    return targets_of(settings.adapter, settings.topics, settings.worker.group_id, settings.policy)


def unknown_target(scaled: Manifest, among: Installation) -> Iterator[str]:
    known = [one.name for one in targets(among.settings(among.target(scaled)))]
    for one in triggers(scaled, "external", "external-push"):
        if (name := metadata(one).get("target")) not in known:
            yield f"spec.triggers: {one['type']} has the target {name!r}, known are {', '.join(known)}"


def above_partitions(scaled: Manifest, among: Installation) -> Iterator[str]:
    partitions = among.settings(among.target(scaled)).topics.partitions
    if any(triggers(scaled, *ADAPTER, *KAFKA)) and max_replicas(scaled) > partitions:
        yield f"spec.maxReplicaCount is {max_replicas(scaled)}, above topics.partitions {partitions}"


def bounds_differ(scaled: Manifest, among: Installation) -> Iterator[str]:
    if not any(triggers(scaled, *ADAPTER)):
        return
    settings = among.settings(among.target(scaled))
    names = {str(metadata(one).get("target")) for one in triggers(scaled, *ADAPTER)}
    policy = next((one.params for one in targets(settings) if one.name in names), settings.policy)
    if max_replicas(scaled) != policy.max_replicas:
        yield f"spec.maxReplicaCount is {max_replicas(scaled)}, policy.max_replicas is {policy.max_replicas}"
    least = scaled.number("spec.minReplicaCount", 0)
    if least != policy.min_replicas:
        yield f"spec.minReplicaCount is {least}, policy.min_replicas is {policy.min_replicas}"


def out_of_order(scaled: Manifest, among: Installation) -> Iterator[str]:
    least = scaled.number("spec.minReplicaCount", 0)
    if least > max_replicas(scaled):
        yield f"spec.minReplicaCount is {least}, above spec.maxReplicaCount {max_replicas(scaled)}"


def idle_replicas(scaled: Manifest, among: Installation) -> Iterator[str]:
    idle = scaled.number("spec.idleReplicaCount")
    least = scaled.number("spec.minReplicaCount", 0)
    if idle:
        yield f"spec.idleReplicaCount is {idle}"
    elif idle == 0 and least == 0:
        yield "spec.idleReplicaCount is 0, not below spec.minReplicaCount 0"
    elif idle == 0 and any(triggers(scaled, *ADAPTER)):
        yield f"spec.idleReplicaCount is 0 with spec.minReplicaCount {least}"


def falls_to_zero(scaled: Manifest, among: Installation) -> Iterator[str]:
    if scaled.at("spec.fallback") is not None and not scaled.number("spec.fallback.replicas", 0):
        yield "spec.fallback.replicas is 0"


def falls_below(scaled: Manifest, among: Installation) -> Iterator[str]:
    if scaled.at("spec.fallback") is None:
        return
    behavior = scaled.at("spec.fallback.behavior") or "static"
    if behavior in ("static", "currentReplicasIfLower", "scalingModifiers"):
        yield f"spec.fallback.behavior is {behavior}"
