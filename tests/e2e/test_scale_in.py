"""Fewer workers: who leaves, what becomes of the frames that they had, and of those that come meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time

import pytest

from autoscaler.kubernetes_fleet.pods import DELETION_COST
from frames.status import WorkerState
from tests.e2e.deployment import Deployment
from tests.e2e.report import Report, quantiles
from tests.e2e.watch import Heard, Watch, replicas
from tests.waiting import until

STAY, ALL = 2, 4
"""Workers that stay, of all."""
NO_SCALE_IN = "autoscaling.keda.sh/paused-scale-in"
FEED, FEED_S = 3, 0.4
"""So many frames, so often, are a worker's steady work: much less than it can do."""
BURST = 24


@dataclass(frozen=True, slots=True)
class Worker:
    """A pod that is ready."""

    name: str
    partition: int
    """One of those that it has."""


@pytest.fixture
def two(session_deployment: Deployment) -> Iterator[Deployment]:
    """The deployment with two workers that stay."""
    with session_deployment.configured(DETECTSCALE_POLICY__MIN_REPLICAS=str(STAY)):
        yield session_deployment


@pytest.mark.timeout(1800)
def test_idle_workers_leave_first_and_nothing_is_lost_or_repeated(
    two: Deployment, report: Report, repeated: Callable[[int], range]
) -> None:
    waits, costs = [], []
    for _ in repeated(20):
        since = two.mark()

        busy, began_at, left = _scale_in_under_load(two)

        ledger = two.balanced(since)
        assert not {heard.name for heard in left} & busy
        assert (ledger.detected, ledger.duplicates) == (ledger.records, 0)
        waits.append(max(heard.at for heard in left) - began_at)
        costs += [_cost(heard) for heard in left]
        report.add("scale-in under load", times=len(waits), after_s=quantiles(waits), costs=costs)


@pytest.mark.timeout(1800)
def test_frames_that_come_while_the_last_worker_leaves_are_served(
    deployment: Deployment, report: Report, repeated: Callable[[int], range]
) -> None:
    most, served_s = [], []
    with deployment.watch_worker() as worker, deployment.watch_pods() as pods:
        until(lambda: worker.heard, 10)
        since = deployment.mark()
        frame, *_ = deployment.append_burst(BURST)
        for n in repeated(20):
            rose = worker.first(lambda heard: replicas(heard) > 0, frame.at)
            zero = worker.first(lambda heard: replicas(heard) == 0, rose.at, 120)
            pods.first(_is_leaving, zero.at)

            frame, *_ = deployment.append_burst(BURST)

            served_s.append(deployment.outcome(frame.record).at - frame.at)
            ledger = deployment.balanced(since)
            assert (ledger.detected, ledger.duplicates) == ((n + 2) * BURST, 0)
            most.append(max(replicas(heard) for heard in worker.since(rose.at) if heard.at < zero.at))
            report.add("to zero and back", times=len(most), most=most, served_s=quantiles(served_s))
    deployment.await_zero()


def _scale_in_under_load(deployment: Deployment) -> tuple[set[str], float, list[Heard]]:
    """Who was at work, since when anybody might be told to leave, and who was."""
    workers = _all_there(deployment)
    busy = workers[-STAY:]  # the newest, which a ReplicaSet takes where all else is equal

    def fed() -> bool:
        for worker in busy:
            deployment.append_to(worker.partition, FEED)
        return True

    with deployment.watch_pods() as pods:
        until(lambda: fed() and len(pods.heard) >= ALL, 30, FEED_S)
        began_at = _let_scale_in(deployment, True)
        left = until(lambda: fed() and _told_to_leave(pods, ALL - STAY), 60, FEED_S)
    return {worker.name for worker in busy}, began_at, left


def _told_to_leave(pods: Watch, enough: int) -> list[Heard]:
    """The first word of it about each pod, once it is said of enough."""
    words: dict[str, Heard] = {}
    for heard in list(pods.heard):
        if _is_leaving(heard):
            words.setdefault(heard.name, heard)
    return list(words.values()) if len(words) >= enough else []


def _is_leaving(heard: Heard) -> bool:
    return "deletionTimestamp" in heard.body["metadata"]


def _cost(heard: Heard) -> int:
    return int(heard.body["metadata"].get("annotations", {}).get(DELETION_COST, 0))


def _all_there(deployment: Deployment) -> list[Worker]:
    """Have them all, each with partitions of its own; the oldest first."""
    _let_scale_in(deployment, False)
    deployment.kubectl("scale", "deployment/worker", f"--replicas={ALL}")
    return until(lambda: _settled(deployment), 60, 0.3)


def _let_scale_in(deployment: Deployment, let: bool) -> float:
    """Allow KEDA and the HPA to take workers away, or forbid it; since when."""
    change = f"{NO_SCALE_IN}-" if let else f"{NO_SCALE_IN}=true"
    deployment.kubectl("annotate", "--overwrite", "scaledobject", "worker", change)
    policy = ("hpa", "keda-hpa-worker", "--output=jsonpath={.spec.behavior.scaleDown.selectPolicy}")
    until(lambda: (deployment.kubectl("get", *policy) == "Disabled") != let, 30)
    return time()


def _settled(deployment: Deployment) -> list[Worker] | None:
    said = {status.worker: status for status in deployment.statuses()}
    pods = [pod["metadata"] for pod in deployment.pods()]
    there = [
        said[pod["name"]]
        for pod in sorted(pods, key=lambda pod: pod["creationTimestamp"])
        if pod["name"] in said
    ]
    ready = [status for status in there if status.state is WorkerState.READY and status.partitions]
    dealt = sum(len(status.partitions) for status in ready)
    if not len(pods) == len(ready) == ALL or dealt != deployment.topics.partitions:
        return None
    return [Worker(status.worker, status.partitions[0]) for status in ready]
