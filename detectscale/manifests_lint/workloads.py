"""
What can be wrong with a workload, above all with one that is scaled while it works.

Each function yields what is wrong, and where; consequence and cure stand in the table of `rules.py`.
"""

from collections.abc import Iterator

from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest, mapping

DEFAULT_GRACE_S = 30


def grace_period(workload: Manifest, among: Installation) -> Iterator[str]:
    if not _is_worker(workload, among):
        return
    path = "spec.template.spec.terminationGracePeriodSeconds"
    grace = workload.number(path, DEFAULT_GRACE_S)
    drain = among.settings(workload).worker.drain_s
    if grace <= drain:
        yield f"{path} is {grace}, not above worker.drain_s {drain:g}"


def requests_and_limits(workload: Manifest, among: Installation) -> Iterator[str]:
    for container in workload.containers:
        resources = mapping(container.get("resources"))
        missing = [
            f"{kind}.{what}"
            for kind in ("requests", "limits")
            for what in ("cpu", "memory")
            if what not in mapping(resources.get(kind))
        ]
        if missing:
            yield f"container {container.get('name')}: resources lack {', '.join(missing)}"


def replicas_written(workload: Manifest, among: Installation) -> Iterator[str]:
    if among.scalers(workload) and workload.at("spec.replicas") is not None:
        yield f"spec.replicas is {workload.at('spec.replicas')}, and a ScaledObject scales it"


def several_scalers(workload: Manifest, among: Installation) -> Iterator[str]:
    scalers = among.scalers(workload)
    if len(scalers) > 1:
        yield "scaled by " + " and ".join(f"{one.kind} {one.name}" for one in scalers)


def unavailable_in_an_update(workload: Manifest, among: Installation) -> Iterator[str]:
    if not among.scalers(workload) or workload.kind != "Deployment":
        return
    strategy = workload.at("spec.strategy.type") or "RollingUpdate"
    if strategy != "RollingUpdate":
        yield f"spec.strategy.type is {strategy}"
    elif str(found := workload.at("spec.strategy.rollingUpdate.maxUnavailable")) not in ("0", "0%"):
        yield f"spec.strategy.rollingUpdate.maxUnavailable is {'not set, so 25%' if found is None else found}"


def killed_while_starting(workload: Manifest, among: Installation) -> Iterator[str]:
    if not _is_worker(workload, among):
        return
    for container in workload.mappings("spec.template.spec.containers"):
        if "livenessProbe" in container and "startupProbe" not in container:
            yield f"container {container.get('name')} has a livenessProbe and no startupProbe"


def _is_worker(workload: Manifest, among: Installation) -> bool:
    """It is scaled, or it says itself that it runs `detectscale worker`, as a canary does."""
    runs = (one.get("args") for one in workload.containers)
    return bool(among.scalers(workload)) or any(
        isinstance(words, list) and "worker" in words for words in runs
    )
