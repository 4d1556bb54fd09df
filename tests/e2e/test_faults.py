"""
What breaks while frames come: of each fault, that it happened, that no frame was lost, and how long it took.

Workers run all the time, from one fault to the next. An instant of recovery is the last result that came
later after its frame than the settings promise.
"""

import json
import math
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.broken_pods import disruptable, evict, evicted, kill
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.kubectl import KubectlError
from tests.e2e.deployment import NAMESPACE, WORKERS, Deployment, is_ready
from tests.e2e.report import Report
from tests.e2e.under_load import SETTINGS, UnderLoad
from tests.e2e.watch import Heard, replicas
from tests.integration.faults.images import small_images
from tests.integration.faults.rig import FASTEST_PER_S, POLL_S, lasting
from tests.waiting import until

BURST = 160
"""Frames that one worker cannot serve in time."""
TAKEN_OVER_S = 6.5
"""Until another adapter leads: its Lease lasts 5 s, and the other looks twice a second."""
ADAPTERS = "app.kubernetes.io/name=autoscaler"
METRIC = (
    f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{NAMESPACE}/s0-desired-replicas"
    "?labelSelector=scaledobject.keda.sh%2Fname%3Dworker"
)
"""What the HPA asks: API server → KEDA → adapter."""
IN_FLIGHT = 2 * SETTINGS.worker.max_batch + math.ceil(
    FASTEST_PER_S * (SETTINGS.worker.commit_interval_s + POLL_S)
)
"""Frames that one worker may have published and not committed when it dies."""


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    return small_images()


@pytest.fixture
def load(session_deployment: Deployment, images: list[bytes]) -> Iterator[UnderLoad]:
    load = UnderLoad(session_deployment, images)
    try:
        load.begin()
        yield load
    finally:
        load.stop()


@pytest.fixture
def one_worker(load: UnderLoad) -> UnderLoad:
    """The same; those that an earlier fault has brought have left."""
    deployment = load.deployment
    until(lambda: deployment.replicas() == len(serving(deployment)) == len(deployment.pods()) == 1, 60, 0.3)
    return load


@pytest.fixture
def outage_s(pytestconfig: pytest.Config) -> float:
    """How long something is gone."""
    return 60.0 if pytestconfig.getoption("--full") else 10.0


def test_when_the_adapter_that_leads_is_killed_the_other_answers_and_leads(
    one_worker: UnderLoad, own_cluster: Cluster, report: Report
) -> None:
    deployment = one_worker.deployment
    before, _ = leader(deployment)

    struck_at = one_worker.strike()
    kill(own_cluster, deployment, before)
    until(lambda: wanted(deployment), 30)
    answered_at = time.time()
    until(lambda: leader(deployment)[0] != before, 30)
    after, took_over_at = leader(deployment)

    figures = one_worker.end()
    leads_s, answers_s = took_over_at - struck_at, answered_at - struck_at
    report.add("fault: leading adapter killed", leads_s=leads_s, answers_s=answers_s, **figures)
    assert after in names(deployment.pods(ADAPTERS))
    assert leads_s <= TAKEN_OVER_S


def test_keda_restarted_goes_on_with_the_workers_that_are_there(
    one_worker: UnderLoad, own_cluster: Cluster, report: Report
) -> None:
    deployment, operator = one_worker.deployment, own_cluster.processes["keda-operator"]
    before = names(serving(deployment))

    with deployment.watch_worker() as worker:
        struck_at = one_worker.strike()
        operator.kill()
        gone = operator.ended
        operator.start()
        until(lambda: wanted(deployment), 90)
        answers_s = time.time() - struck_at

    figures = one_worker.end()
    report.add("fault: KEDA's operator restarted", answers_s=answers_s, **figures)
    assert gone
    assert lowest(worker.heard) >= 1
    assert names(serving(deployment)) == before


def test_an_api_server_restarted_disturbs_no_worker(
    one_worker: UnderLoad, own_cluster: Cluster, report: Report
) -> None:
    deployment, server = one_worker.deployment, own_cluster.processes["kube-apiserver"]
    before = names(serving(deployment))

    with deployment.watch_worker() as worker:
        struck_at = one_worker.strike()
        server.kill()
        unanswered = not deployment.kubectl.accepts("get", "--raw", "/readyz")
        server.start()
        server.await_ready()
        ready_at = time.time()
        until(lambda: renewed_at(deployment) > ready_at, 60)
        leads_s = time.time() - struck_at
        until(lambda: wanted(deployment), 90)
        answers_s = time.time() - struck_at

    figures = one_worker.end()
    ready_s = ready_at - struck_at
    report.add(
        "fault: API server restarted", ready_s=ready_s, leads_s=leads_s, answers_s=answers_s, **figures
    )
    assert unanswered
    assert lowest(worker.heard) >= 1
    assert names(serving(deployment)) == before


def test_an_image_that_cannot_be_pulled_takes_no_worker_away(one_worker: UnderLoad, report: Report) -> None:
    change = {"image": "localhost/detectscale/worker:there-is-none", "imagePullPolicy": "IfNotPresent"}

    def refused(pod: dict[str, Any]) -> bool:
        states = [one["state"].get("waiting", {}) for one in pod["status"].get("containerStatuses", ())]
        return any(state.get("reason") in ("ErrImagePull", "ImagePullBackOff") for state in states)

    took = roll_and_undo(one_worker, change, refused)

    report.add("fault: image that cannot be pulled", **took, **one_worker.end())


def test_a_model_that_fails_its_digest_takes_no_worker_away(one_worker: UnderLoad, report: Report) -> None:
    change = {"env": [{"name": "DETECTSCALE_MODEL__SHA256", "value": "0" * 64}]}

    def refused(pod: dict[str, Any]) -> bool:
        name = pod["metadata"]["name"]
        logs = one_worker.deployment.kubectl
        return logs.accepts("logs", name) and "0000 was promised" in logs("logs", name)

    took = roll_and_undo(one_worker, change, refused)

    report.add("fault: model that fails its digest", **took, **one_worker.end())


def test_a_worker_that_is_killed_is_replaced(
    one_worker: UnderLoad, own_cluster: Cluster, report: Report
) -> None:
    deployment = one_worker.deployment
    (before,) = names(serving(deployment))

    struck_at = one_worker.strike()
    kill(own_cluster, deployment, before)
    until(lambda: serving(deployment), 60)
    replaced_s = time.time() - struck_at
    lasting(SETTINGS.kafka.session_timeout_s)  # its partitions wait this long for it

    figures = one_worker.end(duplicates=IN_FLIGHT)
    report.add("fault: worker killed", replaced_s=replaced_s, **figures)
    assert before not in names(deployment.pods())


def test_kafka_gone_for_a_while_costs_time_and_nothing_else(
    one_worker: UnderLoad, own_cluster: Cluster, report: Report, outage_s: float
) -> None:
    deployment, broker = one_worker.deployment, own_cluster.processes["kafka"]
    before = names(serving(deployment))

    with deployment.watch_worker() as worker:
        struck_at = one_worker.strike()
        broker.kill()
        gone = broker.ended
        lasting(outage_s)
        broker.start()
        broker.await_ready()
        gone_s = time.time() - struck_at
        lasting(5)  # what came meanwhile is served beside what comes now

    figures = one_worker.end(duplicates=IN_FLIGHT)
    report.add("fault: Kafka gone", gone_s=gone_s, **figures)
    assert gone
    assert lowest(worker.heard) >= 1
    assert before <= names(deployment.pods())


def test_without_any_adapter_the_replicas_hold(
    load: UnderLoad, own_cluster: Cluster, report: Report, outage_s: float
) -> None:
    deployment = load.deployment
    deployment.append_burst(BURST)
    until(lambda: deployment.replicas() >= 2, 30)

    with deployment.watch_worker() as worker:
        struck_at = load.strike()
        for pod in names(deployment.pods(ADAPTERS)):
            kill(own_cluster, deployment, pod)
        deployment.kubectl("scale", "deployment/autoscaler", "--replicas=0")
        # The first process of a pod that starts again does not hear yet that it is to leave.
        deployment.kubectl("delete", "pods", f"--selector={ADAPTERS}", "--grace-period=1", "--wait=false")
        until(lambda: not deployment.pods(ADAPTERS) and wanted(deployment) is None, 60)
        held = deployment.replicas()
        gone_at = time.time()
        lasting(outage_s + 10)  # the HPA looks each 15 s, KEDA each 5 s
        numbers = {replicas(heard) for heard in worker.since(gone_at)} | {deployment.replicas()}
        deployment.kubectl("scale", "deployment/autoscaler", "--replicas=2")
        began_at = time.time()
        until(lambda: wanted(deployment), 90)
        answers_s = time.time() - began_at

    figures = load.end()
    gone_s = began_at - struck_at
    report.add("fault: no adapter", gone_s=gone_s, held=held, answers_s=answers_s, **figures)
    assert held >= 2
    assert numbers == {held}


def test_workers_are_drained_one_after_the_other(load: UnderLoad, report: Report) -> None:
    deployment = load.deployment
    triggers = deployment.kubectl.get("scaledobject", "worker")["spec"]["triggers"]
    with deployment.scaled_by(triggers, minReplicaCount=2):
        until(lambda: len(serving(deployment)) == 2 and disruptable(deployment), 180)  # its start left more
        first, second = names(serving(deployment))
        with deployment.watch_pods() as pods:
            until(lambda: len(pods.heard) >= 2, 10)

            struck_at = load.strike()
            evict(deployment, first)
            refusal = ""
            try:
                evict(deployment, second)
            except KubectlError as error:
                refusal = str(error)
            until(lambda: evicted(deployment, second), 60)
            until(lambda: len(serving(deployment)) == 2, 60)
            drained_s = time.time() - struck_at
        until(lambda: not names(deployment.pods()) & {first, second}, 60)

    figures = load.end()
    report.add("fault: two workers drained by eviction", drained_s=drained_s, **figures)
    assert "disruption budget" in refusal
    assert fewest_serving(pods.heard, struck_at) >= 1


def roll_and_undo(
    load: UnderLoad, change: dict[str, Any], refused: Callable[[dict[str, Any]], bool]
) -> dict[str, float]:
    """
    Change the workers' container to what cannot run, wait until a new pod is *refused*, and go back.

    Returns:
        When that was seen, seconds after the change, and how long going back took.
    """
    deployment = load.deployment
    before = names(serving(deployment))
    container = {"name": "worker", **change}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    with deployment.watch_worker() as worker:
        until(lambda: worker.heard, 10)
        struck_at = load.strike()
        deployment.kubectl("patch", "deployment", "worker", f"--patch={json.dumps(patch)}")
        new = names(until(lambda: [pod for pod in deployment.pods() if refused(pod)], 60, 0.3))
        refused_s = time.time() - struck_at
        lasting(5)  # nothing gets better, nor worse
        assert before <= names(serving(deployment))
        undone_at = time.time()
        deployment.kubectl("rollout", "undo", "deployment/worker")
        until(lambda: not new & names(deployment.pods()), 60)
        rolled_back_s = time.time() - undone_at
    assert min(heard.body["status"].get("availableReplicas", 0) for heard in worker.heard) >= len(before)
    return {"refused_s": refused_s, "rolled_back_s": rolled_back_s}


def wanted(deployment: Deployment) -> int | None:
    """What KEDA tells the HPA; None: nothing."""
    try:
        answer = json.loads(deployment.kubectl("get", "--raw", METRIC, timeout_s=10))
    except (KubectlError, subprocess.TimeoutExpired):
        return None
    return int(answer["items"][0]["value"])


def leader(deployment: Deployment) -> tuple[str, float]:
    """The pod that leads, and since when, seconds since the epoch."""
    spec = deployment.kubectl.get("lease", "autoscaler")["spec"]
    return spec["holderIdentity"].partition("_")[0], datetime.fromisoformat(spec["acquireTime"]).timestamp()


def renewed_at(deployment: Deployment) -> float:
    """When the one that leads said so last, seconds since the epoch."""
    spec = deployment.kubectl.get("lease", "autoscaler")["spec"]
    return datetime.fromisoformat(spec["renewTime"]).timestamp()


def serving(deployment: Deployment) -> list[dict[str, Any]]:
    """Workers that are ready and stay."""
    return [pod for pod in deployment.pods(WORKERS) if is_ready(pod) and stays(pod)]


def stays(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def fewest_serving(heard: Sequence[Heard], since: float) -> int:
    """The least number of pods that were ready at once and stayed, from the instant *since* on."""
    known: dict[str, bool] = {}
    numbers = []
    for one in heard:
        known[one.name] = one.kind != "DELETED" and is_ready(one.body) and stays(one.body)
        if one.at >= since:
            numbers.append(sum(known.values()))
    return min(numbers)


def lowest(heard: Sequence[Heard]) -> int:
    """The least number of workers that was wanted."""
    return min(map(replicas, heard))


def names(pods: Sequence[dict[str, Any]]) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods}
