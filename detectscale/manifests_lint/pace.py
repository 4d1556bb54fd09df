"""
What can be wrong with how fast a ScaledObject, and the HPA that KEDA makes of it, follow a number.

Each function yields what is wrong, and where; consequence and cure stand in the table of `rules.py`.
"""

import math
from collections.abc import Iterator
from typing import Any

from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest
from detectscale.manifests_lint.replicas import max_replicas
from detectscale.manifests_lint.triggers import ADAPTER, KAFKA, triggers

MAX_POLLING_S = 10
DEFAULT_POLLING_S, DEFAULT_COOLDOWN_S = 30, 300
"""Of KEDA."""
BEHAVIOR = "spec.advanced.horizontalPodAutoscalerConfig.behavior"


def slow_polling(scaled: Manifest, among: Installation) -> Iterator[str]:
    polling = scaled.number("spec.pollingInterval", DEFAULT_POLLING_S)
    if any(triggers(scaled, *ADAPTER, *KAFKA)) and polling > MAX_POLLING_S:
        default = "" if scaled.at("spec.pollingInterval") is not None else ", KEDA's default"
        yield f"spec.pollingInterval is {polling}{default}, above {MAX_POLLING_S}"


def short_cooldown(scaled: Manifest, among: Installation) -> Iterator[str]:
    cooldown = scaled.number("spec.cooldownPeriod", DEFAULT_COOLDOWN_S)
    polling = scaled.number("spec.pollingInterval", DEFAULT_POLLING_S)
    if cooldown <= polling:
        yield f"spec.cooldownPeriod is {cooldown}, not above spec.pollingInterval {polling}"


def default_cooldown(scaled: Manifest, among: Installation) -> Iterator[str]:
    if any(triggers(scaled, *ADAPTER)) and scaled.at("spec.cooldownPeriod") is None:
        yield f"spec.cooldownPeriod is not set, so {DEFAULT_COOLDOWN_S}"


def tolerance(scaled: Manifest, among: Installation) -> Iterator[str]:
    if not any(triggers(scaled, *ADAPTER)):
        return
    for way in ("scaleUp", "scaleDown"):
        found = scaled.at(f"{BEHAVIOR}.{way}.tolerance")
        if found is None or _quantity(found) != 0:
            default = ", so 0.1" if found is None else ""
            yield f"{BEHAVIOR}.{way}.tolerance is {'not set' if found is None else found}{default}"


def scales_up_in_steps(scaled: Manifest, among: Installation) -> Iterator[str]:
    if not any(triggers(scaled, *ADAPTER)):
        return
    rules = scaled.mapping(f"{BEHAVIOR}.scaleUp")
    window = scaled.number(f"{BEHAVIOR}.scaleUp.stabilizationWindowSeconds", 0)
    if window:
        yield f"{BEHAVIOR}.scaleUp.stabilizationWindowSeconds is {window}"
    # Without policies: 4 pods or 100 %, whichever is more (kube-controller-manager's defaults).
    steps = [_step(policy) for policy in scaled.mappings(f"{BEHAVIOR}.scaleUp.policies")] or [4]
    select = str(rules.get("selectPolicy") or "Max")
    step = {"Max": max, "Min": min}.get(select, lambda _: 0)(steps)
    if 1 + step < max_replicas(scaled):
        yield (
            f"{BEHAVIOR}.scaleUp lets {step} pods join 1 at a time, and spec.maxReplicaCount is "
            f"{max_replicas(scaled)}"
        )


def scales_down_late(scaled: Manifest, among: Installation) -> Iterator[str]:
    if not any(triggers(scaled, *ADAPTER)):
        return
    path = f"{BEHAVIOR}.scaleDown.stabilizationWindowSeconds"
    window = scaled.number(path)
    if window != 0:
        yield f"{path} is {'not set, so 300' if window is None else window}"


def formula(scaled: Manifest, among: Installation) -> Iterator[str]:
    if any(triggers(scaled, *ADAPTER)) and scaled.at("spec.advanced.scalingModifiers.formula"):
        yield "spec.advanced.scalingModifiers has a formula"


def _step(policy: dict[str, Any]) -> int:
    value = policy.get("value")
    number = value if isinstance(value, int | float) else 0
    return math.ceil(number / 100) if policy.get("type") == "Percent" else int(number)


def _quantity(found: Any) -> float:
    """
    Of a Kubernetes quantity, enough to know whether it is 0.

    >>> _quantity("0"), _quantity("10m"), _quantity("0.0")
    (0.0, 10.0, 0.0)
    """
    digits = str(found).rstrip("numkKMGTPEi")
    try:
        return float(digits)
    except ValueError:
        return math.nan
