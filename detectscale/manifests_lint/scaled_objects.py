"""
What can be wrong with a ScaledObject itself.

Each function yields what is wrong, and where; consequence and cure stand in the table of `rules.py`.
"""

from collections.abc import Iterator

from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest

BY_HAND = ("autoscaling.keda.sh/paused", "autoscaling.keda.sh/force-activation")
"""How annotations begin that a person sets for a while."""
MAX_NAME = 63


def name_too_long(scaled: Manifest, among: Installation) -> Iterator[str]:
    hpa = scaled.at("spec.advanced.horizontalPodAutoscalerConfig.name") or f"keda-hpa-{scaled.name}"
    for what, name in (("metadata.name", scaled.name), ("the HPA's name", hpa)):
        if len(str(name)) > MAX_NAME:
            yield f"{what} {name} has {len(str(name))} characters, more than {MAX_NAME}"


def paused(scaled: Manifest, among: Installation) -> Iterator[str]:
    for key, value in scaled.mapping("metadata.annotations").items():
        if str(key).startswith(BY_HAND) and str(value).lower() != "false":
            yield f"metadata.annotations: {key} is {value!r}"


def restores(scaled: Manifest, among: Installation) -> Iterator[str]:
    if scaled.at("spec.advanced.restoreToOriginalReplicaCount"):
        yield "spec.advanced.restoreToOriginalReplicaCount is true"
