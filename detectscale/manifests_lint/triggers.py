"""
What can be wrong with a ScaledObject's triggers: whom KEDA asks, and how.

Each function yields what is wrong, and where; consequence and cure stand in the table of `rules.py`.
"""

from collections.abc import Iterator
from typing import Any

from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest, mapping

ADAPTER = ("external-push", "external", "metrics-api")
"""Triggers by which KEDA asks the autoscaler."""
KAFKA = ("kafka", "apache-kafka")
RESOURCES = ("cpu", "memory")
"""Triggers that the HPA serves by itself."""


def triggers(scaled: Manifest, *types: str) -> Iterator[dict[str, Any]]:
    """The triggers of these types; of any type if none is named."""
    return (one for one in scaled.mappings("spec.triggers") if not types or one.get("type") in types)


def metadata(trigger: dict[str, Any]) -> dict[str, Any]:
    """What a trigger says to its scaler."""
    return mapping(trigger.get("metadata"))


def several_triggers(scaled: Manifest, among: Installation) -> Iterator[str]:
    types = [str(one.get("type")) for one in triggers(scaled)]
    others = [kind for kind in types if kind not in RESOURCES]
    if len(others) > 1 and any(triggers(scaled, *ADAPTER, *KAFKA)):
        yield f"spec.triggers has {len(others)} triggers beside cpu and memory: {', '.join(others)}"


def never_pushed(scaled: Manifest, among: Installation) -> Iterator[str]:
    if any(triggers(scaled, "external")):
        yield "spec.triggers has the type external"


def metric_type(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled, *ADAPTER, *KAFKA):
        if (kind := one.get("metricType", "AverageValue")) != "AverageValue":
            yield f"spec.triggers: {one['type']} has the metricType {kind}"


def cached_metrics(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled, *ADAPTER, *KAFKA):
        if one.get("useCachedMetrics"):
            yield f"spec.triggers: {one['type']} has useCachedMetrics"


def anybody_may_ask(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled, *ADAPTER):
        if not one.get("authenticationRef"):
            yield f"spec.triggers: {one['type']} has no authenticationRef"


def unverified(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled):
        if str(metadata(one).get("unsafeSsl")).lower() == "true":
            yield f"spec.triggers: {one.get('type')} has unsafeSsl"


def from_environment(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled, "external", "external-push"):
        for key in metadata(one):
            if str(key).endswith("FromEnv"):
                yield f"spec.triggers: {one['type']} has {key}"


def address_without_namespace(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled, "external", "external-push"):
        address = str(metadata(one).get("scalerAddress", ""))
        if "." not in address.rpartition(":")[0]:
            yield f"spec.triggers: {one['type']} has the scalerAddress {address!r}"


def persistent_lag(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled, *KAFKA):
        if str(metadata(one).get("excludePersistentLag")).lower() == "true":
            yield f"spec.triggers: {one['type']} has excludePersistentLag"


def skipped_backlog(scaled: Manifest, among: Installation) -> Iterator[str]:
    for one in triggers(scaled, *KAFKA):
        if (policy := metadata(one).get("offsetResetPolicy", "latest")) != "earliest":
            yield f"spec.triggers: {one['type']} has the offsetResetPolicy {policy}"


def pushes_to_jobs(job: Manifest, among: Installation) -> Iterator[str]:
    if any(triggers(job, "external-push")):
        yield "spec.triggers has the type external-push"
