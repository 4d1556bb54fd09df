"""
What can be wrong with a workload, above all with one that is scaled while it works.

Each function yields what is wrong, and where; consequence and cure stand in the table of `rules.py`.
"""

from collections.abc import Iterator

from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest, mapping

DEFAULT_GRACE_S = 30


def grace_period(workload: Manifest, among: Installation) -> Iterator[str]:
    if _is_gateway(workload):
        sleeps, what, drain = _sleeps_s(workload), "gateway", among.settings(workload).gateway.drain_s
    elif _is_worker(workload, among):
        sleeps, what, drain = 0, "worker", among.settings(workload).worker.drain_s
    else:
        return
    path = "spec.template.spec.terminationGracePeriodSeconds"
    grace = workload.number(path, DEFAULT_GRACE_S)
    if grace <= sleeps + drain:
        before = f"preStop's {sleeps:g} and " if sleeps else ""
        yield f"{path} is {grace}, not above {before}{what}.drain_s {drain:g}"


def refused_in_an_update(workload: Manifest, among: Installation) -> Iterator[str]:
    if _is_gateway(workload) and not _sleeps_s(workload):
        yield "container gateway has no lifecycle.preStop.sleep"


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
    for scaler in among.scalers(workload)[:1]:
        if (written := workload.at("spec.replicas")) is not None:
            yield f"spec.replicas is {written}, and the {scaler.kind} {scaler.name} scales it"


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
    """It is scaled and no gateway, or it says itself that it runs `detectscale worker`, as a canary does."""
    scaled = bool(among.scalers(workload)) and not _is_gateway(workload)
    return scaled or _runs("worker", workload)


def _is_gateway(workload: Manifest) -> bool:
    return _runs("gateway", workload)


def _runs(command: str, workload: Manifest) -> bool:
    said = (one.get("args") for one in workload.containers)
    return any(isinstance(words, list) and command in words for words in said)


def _sleeps_s(workload: Manifest) -> float:
    """How long it goes on before it is told to leave, while its Service forgets it."""
    stops = (mapping(mapping(one.get("lifecycle")).get("preStop")) for one in workload.containers)
    found = (mapping(stop.get("sleep")).get("seconds") for stop in stops)
    return sum(seconds for seconds in found if isinstance(seconds, int | float))
