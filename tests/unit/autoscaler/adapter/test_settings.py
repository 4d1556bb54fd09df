import subprocess
import sys

import pytest
from pydantic import ValidationError

from autoscaler.adapter.settings import AdapterSettings, TargetSettings, scaled
from autoscaler.policy_settings import PolicySettings
from frames.errors import ConfigError
from frames.topics import TopicSettings

TOPICS, POLICY = TopicSettings(), PolicySettings(max_replicas=8, slo_s=2.0)


def test_without_targets_there_is_one_named_as_the_topic_of_frames():
    (only,) = scaled(AdapterSettings(), TOPICS, "workers", POLICY)

    assert (only.name, only.topics, only.group_id, only.params) == ("frames", TOPICS, "workers", POLICY)


def test_a_target_says_only_what_differs():
    targets = {
        "live": TargetSettings(),
        "shadow": TargetSettings(group_id="shadow", status="shadow.status", policy={"max_replicas": 2}),
    }

    live, shadow = scaled(AdapterSettings(targets=targets), TOPICS, "workers", POLICY)

    assert (live.group_id, live.topics.status, live.params) == ("workers", "workers.status", POLICY)
    assert (shadow.group_id, shadow.topics.status, shadow.topics.frames) == (
        *("shadow", "shadow.status"),
        "frames",
    )
    assert (shadow.params.max_replicas, shadow.params.slo_s) == (2, 2.0)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"max_replicas": 0}, r"adapter\.targets\.x\.policy\.max_replicas: Input should be greater than 0"),
        ({"replicas": 1}, r"adapter\.targets\.x\.policy\.replicas: Extra inputs are not permitted"),
        ({"min_replicas": 9}, r"adapter\.targets\.x\.policy: min_replicas is 9, above max_replicas 8"),
    ],
)
def test_a_policy_that_is_none_is_named(policy, message):
    with pytest.raises(ConfigError, match=message):
        scaled(AdapterSettings(targets={"x": TargetSettings(policy=policy)}), TOPICS, "workers", POLICY)


@pytest.mark.parametrize(
    "incomplete",
    [
        {"tls_cert_file": "tls.crt"},
        {"tls_key_file": "tls.key"},
        {"tls_client_ca_file": "ca.crt"},
        {"tls_cert_file": "tls.crt", "tls_key_file": "tls.key", "allowed_clients": ("keda",)},
    ],
)
def test_half_of_what_tls_needs_is_refused(incomplete):
    with pytest.raises(ValidationError):
        AdapterSettings(**incomplete)


def test_reading_the_settings_loads_no_server():
    code = "import sys, detectscale.settings; print(*{'grpc', 'fastapi', 'uvicorn'} & set(sys.modules))"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.split() == []
