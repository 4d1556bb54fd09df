from dataclasses import replace

import pytest

from autoscaler.kubernetes_fleet.ownership import Deployment, read_scaled_object
from autoscaler.kubernetes_fleet.surge import surge_to

ZERO = Deployment("worker", "u", 0, {})


def owner(annotations=None, kind="external-push", metadata=None, **spec):
    asked = {"target": "frames"} if metadata is None else metadata
    return read_scaled_object(
        {
            "metadata": {"name": "worker", "uid": "u", "annotations": annotations or {}},
            "spec": {
                "scaleTargetRef": {"name": "worker"},
                "maxReplicaCount": 8,
                "triggers": [{"type": kind, "metadata": asked}],
            }
            | spec,
        },
        None,
        0.0,
    )


@pytest.mark.parametrize(
    ("seen", "wanted", "number"),
    [
        pytest.param(0, 6, 6, id="from zero straight to what is wanted"),
        pytest.param(0, 1, None, id="the first is as quick by KEDA"),
        pytest.param(1, 6, 6, id="and so from some"),
        pytest.param(1, 2, 2, id="by one"),
        pytest.param(6, 6, None, id="it is so"),
        pytest.param(6, 2, None, id="never downwards"),
        pytest.param(0, 20, 8, id="no more than KEDA allows"),
        pytest.param(9, 20, None, id="who allows more by hand is not contradicted"),
    ],
)
def test_only_upwards_and_within_keda_s_bounds(seen, wanted, number):
    assert surge_to(replace(ZERO, replicas=seen), owner(), "frames", wanted) == number


@pytest.mark.parametrize(
    "scaled_object",
    [
        pytest.param(None, id="none"),
        pytest.param(owner({"autoscaling.keda.sh/paused": "true"}), id="paused"),
        pytest.param(owner({"autoscaling.keda.sh/paused": "please"}), id="what is no boolean pauses too"),
        pytest.param(owner({"autoscaling.keda.sh/paused-replicas": "2"}), id="paused at a number"),
        pytest.param(owner({"autoscaling.keda.sh/paused-scale-out": "true"}), id="paused upwards"),
        pytest.param(owner(metadata={"target": "other"}), id="of another target"),
        pytest.param(owner(metadata={"target": "frames", "metric": "queue-lag"}), id="by its own rule"),
        pytest.param(owner(kind="kafka", metadata={"topic": "frames"}), id="by another scaler"),
    ],
)
def test_what_keda_does_not_own_by_our_number_is_left_alone(scaled_object):
    assert surge_to(ZERO, scaled_object, "frames", 6) is None


def test_what_is_paused_no_more_is_keda_s_again():
    scaled_object = owner({"autoscaling.keda.sh/paused": "false"})

    assert surge_to(ZERO, scaled_object, "frames", 6) == 6


def test_a_scaled_object_of_another_kind_of_thing_scales_no_deployment():
    assert owner(scaleTargetRef={"name": "worker", "kind": "StatefulSet"}).deployment is None
