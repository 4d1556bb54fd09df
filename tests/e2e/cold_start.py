"""
Where the time goes between a frame and the first detection, when no worker runs.

    append → replicas wanted → pod exists → scheduled → process starts → the worker's own phases → detection

What Kubernetes says is stamped when this host hears it; what the worker and the broker say, by their clocks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from frames.status import PHASES, WorkerStatus
from tests.e2e.deployment import Deployment, is_ready
from tests.e2e.watch import Heard, Watch, replicas
from tests.waiting import until

START_S = 120.0


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds from the append of a frame, and what they are made of."""

    replicas_s: float
    """Until a replica was wanted."""
    ready_s: float
    """Until Kubernetes called the pod ready."""
    detection_s: float
    """Until the detection was in Kafka."""
    phases_s: dict[str, float]
    """Parts of `detection_s`, in order."""


def cold_start(deployment: Deployment, within_s: float = START_S) -> ColdStart:
    """Append a frame while no worker runs, and time what follows."""
    with deployment.watch_worker() as worker, deployment.watch_pods() as pods:
        until(lambda: worker.heard, 10)
        frame = deployment.append()
        wanted = worker.first(lambda heard: replicas(heard) >= 1, frame.at - 0.001, within_s)
        detected = deployment.outcome(frame.record, within_s)
        first = pods.first(lambda heard: heard.kind == "ADDED", frame.at, within_s)
        ready = _of(pods, first.name, frame.at, is_ready)
        instants = {
            "replicas": wanted.at,
            "created": first.at,
            "scheduled": _of(pods, first.name, frame.at, _scheduled).at,
            **_own_phases(deployment, first.name),
            "detection": detected.at,
        }
    return ColdStart(
        replicas_s=wanted.at - frame.at,
        ready_s=ready.at - frame.at,
        detection_s=detected.at - frame.at,
        phases_s=_differences(frame.at, instants),
    )


def _differences(begin: float, instants: Mapping[str, float]) -> dict[str, float]:
    took = {}
    for phase, instant in instants.items():
        took[phase] = instant - begin
        begin = instant
    return took


def _of(pods: Watch, name: str, since: float, wanted: Callable[[dict[str, Any]], bool]) -> Heard:
    return pods.first(lambda heard: heard.name == name and wanted(heard.body), since)


def _scheduled(pod: dict[str, Any]) -> bool:
    return "nodeName" in pod["spec"]


def _own_phases(deployment: Deployment, pod: str) -> dict[str, float]:
    """Instants by phase, as the worker in *pod* reports them: it names itself after its host."""

    def said() -> WorkerStatus | None:
        own = [status for status in deployment.statuses() if pod in status.worker]
        return own[-1] if own and PHASES[-1] in own[-1].phases_s else None

    status = until(said, START_S, 0.3)
    at, instants = status.born_at, {"process": status.born_at}
    for phase in PHASES:
        at += status.phases_s.get(phase, 0.0)
        instants[phase] = at
    return instants
