import numpy as np
import pytest

from autoscaler.observation import ColdStart, Observation, ServiceTime
from autoscaler.policy_settings import PolicySettings
from detectscale.demo.rival import keda_default


def observed(service_time=ServiceTime(0.0, 0.02), cold_start=ColdStart(1.0, 1.2, {})):  # noqa: B008  # frozen
    return Observation(0.0, (0,) * 8, 0.0, None, 0, (), 0, 0, None, service_time, cold_start)


def test_keda_keeps_workers_for_five_minutes_after_the_last_frame():
    appended = 1_000.0 + np.arange(0.0, 30.0, 0.1)

    rival = keda_default(list(appended), observed(), PolicySettings(slo_s=2.0, max_replicas=2))

    assert rival is not None
    assert rival.replica_seconds > 300


def test_frames_that_come_while_keda_does_not_look_are_late():
    rival = keda_default([5.0], observed(), PolicySettings(slo_s=0.5))

    assert rival is not None
    assert rival.attainment == 0.0


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(observed(service_time=None), id="service"),
        pytest.param(observed(cold_start=None), id="start"),
    ],
)
def test_what_the_run_has_not_shown_is_not_made_up(last):
    assert keda_default([1.0], last, PolicySettings()) is None
