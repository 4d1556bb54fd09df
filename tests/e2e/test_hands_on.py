"""A person who scales by hand or pauses KEDA is obeyed, and more than the queue may be scaled by."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

import yaml

from frames.outcome import Detected
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.deployment import Deployment, is_ready
from tests.e2e.report import Report
from tests.e2e.watch import replicas
from tests.waiting import until

CPU_SCALING = Path(__file__).parents[2] / "manifests" / "components" / "cpu-scaling" / "kustomization.yaml"
PAUSED = "autoscaling.keda.sh/paused"
PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas"
PAUSED_SCALE_OUT = "autoscaling.keda.sh/paused-scale-out"
BURST = 320
"""Frames for which more workers are wanted than a person allows."""
WORK = 8
"""Frames, a dozen times in ten seconds: half of what a worker can do, and more CPU than it asks for."""
LOOKS_S = 11.0
"""KEDA looks twice in this time, and the autoscaler's push has come long since."""


def test_as_many_as_a_person_wants_share_the_load_evenly_while_keda_is_paused(
    session_deployment: Deployment, report: Report
) -> None:
    deployment = session_deployment
    with annotated(deployment, PAUSED, "true"), deployment.watch_worker() as worker:
        deployment.kubectl("wait", "--for=condition=Paused", "scaledobject/worker", "--timeout=30s")
        deployment.kubectl("scale", "deployment/worker", "--replicas=4")
        until(lambda: _ready(deployment) == 4)
        since, began_at = deployment.mark(), time()

        deployment.append_burst(BURST)

        ledger = deployment.balanced(since)
        done = Counter(
            outcome.worker for outcome, _ in deployment.outcomes(since) if isinstance(outcome, Detected)
        )
        assert {replicas(heard) for heard in worker.since(began_at)} <= {4}
    report.add("four workers", frames=sorted(done.values()))
    assert (ledger.detected, ledger.duplicates) == (BURST, 0)
    assert len(done) == 4
    assert min(done.values()) >= max(done.values()) / 2


def test_a_number_at_which_keda_is_paused_is_kept(session_deployment: Deployment) -> None:
    deployment = session_deployment
    with deployment.watch_worker() as worker, annotated(deployment, PAUSED_REPLICAS, "1"):
        until(lambda: _ready(deployment) == 1)
        since, began_at = deployment.mark(), time()

        deployment.append_burst(BURST)

        ledger = deployment.balanced(since)
        assert {replicas(heard) for heard in worker.since(began_at)} <= {1}
    assert (ledger.detected, ledger.duplicates) == (BURST, 0)


def test_nobody_is_started_while_scaling_out_is_paused(deployment: Deployment) -> None:
    since = deployment.mark()
    with deployment.watch_worker() as worker:
        with annotated(deployment, PAUSED_SCALE_OUT, "true"):
            up = ("hpa", "keda-hpa-worker", "--output=jsonpath={.spec.behavior.scaleUp.selectPolicy}")
            until(lambda: deployment.kubectl("get", *up) == "Disabled", 30)
            began_at = deployment.append_burst(BURST)[0].at

            until(lambda: time() > began_at + LOOKS_S, LOOKS_S + 1)

            assert not any(replicas(heard) for heard in worker.since(began_at))
        worker.first(lambda heard: replicas(heard) > 0, began_at)
    ledger = deployment.balanced(since, 120)
    assert (ledger.detected, ledger.duplicates) == (BURST, 0)


def test_work_brings_another_worker_by_its_cpu_whatever_the_queue_says(
    own_cluster: Cluster, deployment: Deployment, report: Report
) -> None:
    own_cluster.serve_resource_metrics()
    (patch,) = yaml.safe_load(CPU_SCALING.read_text())["patches"]
    more = [operation["value"] for operation in yaml.safe_load(patch["patch"])]
    triggers = deployment.kubectl.get("scaledobject", "worker")["spec"]["triggers"]
    since = deployment.mark()
    with (
        deployment.configured(DETECTSCALE_POLICY__MAX_REPLICAS="1"),  # a second one is not for the queue
        deployment.scaled_by([*triggers, *more], maxReplicaCount=2),
    ):
        began_at = time()
        deployment.outcome(deployment.append().record)

        reason = until(lambda: deployment.append_burst(WORK) and _rescaled(deployment), 120, 0.5)

        report.add("scaled by CPU", second_s=time() - began_at, reason=reason)
        ledger = deployment.balanced(since)
        assert deployment.replicas() == 2
    assert (ledger.detected, ledger.duplicates) == (ledger.records, 0)


@contextmanager
def annotated(deployment: Deployment, name: str, value: str) -> Iterator[None]:
    """Have the ScaledObject say so for the length of the block."""
    deployment.kubectl("annotate", "scaledobject", "worker", f"{name}={value}")
    try:
        yield
    finally:
        deployment.kubectl("annotate", "scaledobject", "worker", f"{name}-")


def _ready(deployment: Deployment) -> int:
    return sum(is_ready(pod) for pod in deployment.pods())


def _rescaled(deployment: Deployment) -> str | None:
    """What the HPA says of a second worker, if that is for what the first one uses."""
    about = "--field-selector=involvedObject.name=keda-hpa-worker,reason=SuccessfulRescale"
    said = [event["message"] for event in deployment.kubectl.get("events", about)["items"]]
    ours = (message for message in said if "New size: 2;" in message and "resource utilization" in message)
    return next(ours, None)
