"""One frame, and no worker: what brings the first one, and how long until the detection is there."""

from collections.abc import Callable
from dataclasses import asdict

import pytest

from tests.e2e.cold_start import ColdStart, cold_start
from tests.e2e.deployment import Deployment
from tests.e2e.report import Report, quantiles

PUSHED_S = 0.2
"""From append to a wanted replica, at most; KEDA's part of it is 0.02 s."""


@pytest.mark.timeout(1800)
def test_a_frame_starts_a_worker_at_once_and_none_is_left_afterwards(
    deployment: Deployment, report: Report, repeated: Callable[[int], range]
) -> None:
    starts = []
    for _ in repeated(50):
        deployment.await_zero()
        since = deployment.mark()

        starts.append(cold_start(deployment))

        ledger = deployment.balanced(since)
        assert (ledger.records, ledger.detected, ledger.duplicates) == (1, 1, 0)
        report.add("from zero: our scaler", **_figures(starts))
    deployment.await_zero()
    assert quantiles([start.replicas_s for start in starts])["p99"] <= PUSHED_S


@pytest.mark.timeout(600)
@pytest.mark.parametrize("polling_s", [30, 1], ids=["at its defaults", "polling each second"])
def test_kedas_own_kafka_scaler_for_comparison(
    polling_s: int, deployment: Deployment, report: Report, repeated: Callable[[int], range]
) -> None:
    starts = []
    with deployment.scaled_by([kafka_trigger(deployment)], pollingInterval=polling_s):
        for _ in repeated(5):
            deployment.await_zero()
            starts.append(cold_start(deployment))

            report.add(f"from zero: KEDA's kafka scaler, polling each {polling_s} s", **_figures(starts))
    assert all(start.replicas_s > 0 for start in starts)


def kafka_trigger(deployment: Deployment) -> dict[str, object]:
    """KEDA's own scaler on the same topic and group; what is not said is as KEDA has it."""
    return {
        "type": "kafka",
        "metadata": {
            "bootstrapServers": deployment.kafka.bootstrap_servers,
            "consumerGroup": deployment.group_id,
            "topic": deployment.topics.frames,
            "offsetResetPolicy": "earliest",  # as the workers have it
        },
    }


def _figures(starts: list[ColdStart]) -> dict[str, object]:
    return {
        "replicas_s": quantiles([start.replicas_s for start in starts]),
        "detection_s": quantiles([start.detection_s for start in starts]),
        "last": asdict(starts[-1]),
    }
