import pytest

from autoscaler.adapter.question import MetricName, question
from autoscaler.adapter.targets import UnknownTargetError
from frames.errors import ConfigError
from tests.unit.autoscaler.adapter.made import WAITING, target

TARGETS = {"frames": target(seen=WAITING, replicas=2), "shadow": target("shadow")}


@pytest.mark.parametrize(
    ("metadata", "metric", "share", "value"),
    [
        pytest.param({}, "desired-replicas", 1.0, 2, id="replicas unless said otherwise"),
        pytest.param({"lagThreshold": "5"}, "desired-replicas", 1.0, 2, id="a threshold is lag's"),
        pytest.param({"metric": "queue-lag"}, "queue-lag", 10.0, 42, id="lag as it is"),
        pytest.param({"metric": "queue-lag", "lagThreshold": "0.5"}, "queue-lag", 0.5, 42, id="own share"),
    ],
)
def test_a_trigger_asks_for_one_number(metadata, metric, share, value):
    asked = question({"target": "frames"} | metadata, TARGETS)

    assert (asked.metric, asked.share, asked.value(now=0.0)) == (MetricName(metric), share, value)


def test_a_broker_of_the_callers_choice_is_not_looked_at():
    asked = question(
        {"target": "frames", "bootstrapServers": "evil:9092", "scalerAddress": "here:6000"}, TARGETS
    )

    assert asked.target is TARGETS["frames"]


@pytest.mark.parametrize("metadata", [{}, {"target": ""}, {"target": "evil:9092"}, {"target": "Frames"}])
def test_a_target_that_is_not_configured_is_unknown(metadata):
    with pytest.raises(UnknownTargetError):
        question(metadata, TARGETS)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"metric": "cpu"}, "metric: must be desired-replicas or queue-lag"),
        *(
            ({"metric": "queue-lag", "lagThreshold": text}, "lagThreshold: must be a number, at least 0.001")
            for text in ("0", "-3", "ten", "inf", "nan", "0.0004")
        ),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_could(metadata, message):
    with pytest.raises(ConfigError, match=message):
        question({"target": "frames"} | metadata, TARGETS)
