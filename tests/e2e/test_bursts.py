"""More at once than one worker can do: as many as are wanted, in one step, and never more than partitions."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby

import pytest

from tests.e2e.deployment import NAMESPACE, Deployment
from tests.e2e.report import Report, quantiles
from tests.e2e.test_from_zero import kafka_trigger
from tests.e2e.watch import Heard, replicas
from tests.waiting import until

PARTITIONS = 6
"""Of the topic of bursts: two fewer than replicas are allowed, and so many are wanted."""
FRAMES = 480
"""One worker has enough of them for one look of the HPA at its default of 15 s."""
SURGED_S = 0.5
"""From the first append to all of them, at most."""
SETTLED_S = 1.0
"""Within which KEDA, whose cache still says 0, may write 1 over it."""
MANY = 12
"""From here on one fewer is within the HPA's usual tolerance."""


@dataclass(frozen=True, slots=True)
class Rise:
    """What became of a burst at zero."""

    wanted_s: float | None
    """From the first append until a replica for each partition was wanted; None: that never was."""
    first_s: float
    """Until one was."""
    most: int
    """Replicas that were ever wanted."""
    overwritten: int
    """How often somebody wrote fewer just after."""
    drained_s: float
    """Until the last outcome was in Kafka."""


def test_the_hpa_alone_reaches_the_exact_number_of_many(deployment: Deployment, report: Report) -> None:
    """With the tolerance of a tenth that is usual, it would leave eleven where twelve are wanted."""
    triggers = deployment.kubectl.get("scaledobject", "worker")["spec"]["triggers"]
    with (
        never_scheduled(deployment),
        deployment.frames_in("frames.many", MANY, DETECTSCALE_POLICY__MAX_REPLICAS="16"),
        deployment.scaled_by(triggers, maxReplicaCount=16),
        deployment.watch_worker() as worker,
    ):
        began_at = deployment.append_burst(FRAMES)[0].at
        surged = worker.first(lambda heard: replicas(heard) == MANY, began_at)
        with hpa_alone(deployment):
            deployment.kubectl("scale", "deployment/worker", f"--replicas={MANY - 1}")
            fewer = worker.first(lambda heard: replicas(heard) == MANY - 1, surged.at)

            exact = worker.first(lambda heard: replicas(heard) >= MANY, fewer.at)

        most = max(number for number, _ in _numbers(worker.since(began_at)))
    report.add("burst for twelve", surged_s=surged.at - began_at, eleven_to_twelve_s=exact.at - fewer.at)
    assert replicas(exact) == most == MANY


@pytest.fixture(scope="module")
def six(session_deployment: Deployment) -> Iterator[Deployment]:
    """The deployment with six partitions, for the rest of this file."""
    session_deployment.await_zero()
    with session_deployment.frames_in("frames.six", PARTITIONS):
        yield session_deployment


@pytest.mark.timeout(1800)
def test_a_burst_finds_all_its_workers_wanted_at_once(
    six: Deployment, report: Report, repeated: Callable[[int], range]
) -> None:
    rises = []
    for _ in repeated(20):
        rises.append(rise(six))

        report.add("burst: surge", **_figures(rises))
    assert all(one.wanted_s is not None and one.wanted_s <= SURGED_S for one in rises)
    assert {one.most for one in rises} == {PARTITIONS}


@pytest.mark.timeout(900)
def test_the_push_with_the_hpa_alone_for_comparison(
    six: Deployment, report: Report, repeated: Callable[[int], range]
) -> None:
    rises = []
    with hpa_alone(six):
        for _ in repeated(3):
            rises.append(rise(six))

            report.add("burst: push, the rest by the HPA", **_figures(rises))
    assert {one.most for one in rises} <= {*range(PARTITIONS + 1)}


@pytest.mark.timeout(900)
def test_kedas_own_kafka_scaler_with_a_burst_for_comparison(
    six: Deployment, report: Report, repeated: Callable[[int], range]
) -> None:
    rises = []
    with six.scaled_by([kafka_trigger(six)], pollingInterval=30):
        for _ in repeated(3):
            rises.append(rise(six))

            report.add("burst: KEDA's kafka scaler at its defaults", **_figures(rises))
    assert {one.most for one in rises} <= {*range(PARTITIONS + 1)}


def rise(deployment: Deployment) -> Rise:
    """Append a burst while no worker runs; see it through until none does any more."""
    with deployment.watch_worker() as worker:
        until(lambda: worker.heard, 10)
        since = deployment.mark()
        began_at = deployment.append_burst(FRAMES)[0].at
        ledger = deployment.balanced(since, 180)
        drained_at = max(at for _, at in deployment.outcomes(since))
        deployment.await_zero()
        numbers = _numbers(worker.since(began_at))
    assert (ledger.records, ledger.detected, ledger.duplicates) == (FRAMES, FRAMES, 0)
    wanted_at = next((at for number, at in numbers if number == PARTITIONS), None)
    return Rise(
        wanted_s=None if wanted_at is None else wanted_at - began_at,
        first_s=next(at for number, at in numbers if number) - began_at,
        most=max(number for number, _ in numbers),
        overwritten=sum(
            number < PARTITIONS for number, at in numbers if wanted_at and 0 < at - wanted_at < SETTLED_S
        ),
        drained_s=drained_at - began_at,
    )


@contextmanager
def hpa_alone(deployment: Deployment) -> Iterator[None]:
    """Take the right to write the number from the autoscaler: then it only pushes."""
    rules = deployment.kubectl.get("role", "autoscaler")["rules"]
    _give(deployment, [rule for rule in rules if rule["resources"] != ["deployments/scale"]])
    try:
        yield
    finally:
        _give(deployment, rules)


def _give(deployment: Deployment, rules: Sequence[Mapping[str, object]]) -> None:
    """Let the autoscaler do this much; wait until the API server goes by it."""
    change = json.dumps({"rules": rules})
    deployment.kubectl("patch", "role", "autoscaler", "--type=merge", f"--patch={change}")
    may = any(rule["resources"] == ["deployments/scale"] for rule in rules)
    right = ("auth", "can-i", "patch", "deployments/worker", "--subresource=scale")
    account = f"--as=system:serviceaccount:{NAMESPACE}:autoscaler"
    until(lambda: deployment.kubectl.accepts(*right, account) == may, 10)


@contextmanager
def never_scheduled(deployment: Deployment) -> Iterator[None]:
    """Let no worker run: a dozen would not on two cores, and their number is all that counts."""
    _schedule_by(deployment, "nobody")
    try:
        yield
    finally:
        _schedule_by(deployment, "default-scheduler")


def _schedule_by(deployment: Deployment, scheduler: str) -> None:
    change = json.dumps({"spec": {"template": {"spec": {"schedulerName": scheduler}}}})
    deployment.kubectl("patch", "deployment", "worker", f"--patch={change}")


def _numbers(heard: Sequence[Heard]) -> list[tuple[int, float]]:
    """Each number of replicas wanted, with when that began, seconds since the epoch."""
    return [(number, next(one).at) for number, one in groupby(heard, replicas)]


def _figures(rises: Sequence[Rise]) -> dict[str, object]:
    reached = [one.wanted_s for one in rises if one.wanted_s is not None]
    return {
        "bursts": len(rises),
        "reached": len(reached),
        "wanted_s": quantiles(reached) if reached else None,
        "first_s": quantiles([one.first_s for one in rises]),
        "most": max(one.most for one in rises),
        "overwritten": sum(one.overwritten for one in rises),
        "drained_s": quantiles([one.drained_s for one in rises]),
        "last": asdict(rises[-1]),
    }
