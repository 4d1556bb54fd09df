"""`detectscale lint-manifests --generate`: a ScaledObject that fits the settings, or why there is none."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from detectscale.cli import app
from detectscale.manifests_lint.scaled_object import generate
from detectscale.settings import Settings
from frames.errors import ConfigError

BASE = Path(__file__).parents[4] / "manifests" / "base" / "scaled-object.yaml"


def settings(**sections: object) -> Settings:
    return Settings.model_validate(sections)


def test_with_the_settings_that_come_with_it_it_is_the_one_in_the_base():
    base = list(yaml.safe_load_all(BASE.read_text()))
    for body in base:
        body["metadata"]["namespace"] = "detectscale"

    shown = CliRunner().invoke(app, ["lint-manifests", "--generate", "worker"])

    assert shown.exit_code == 0
    assert list(yaml.safe_load_all(shown.stdout)) == base


def test_what_is_generated_is_clean(tmp_path):
    file = tmp_path / "scaled-object.yaml"
    file.write_text(generate(Settings(), "worker", "shop", None))

    shown = CliRunner().invoke(app, ["lint-manifests", str(file)])

    assert shown.stdout == "2 manifests, 0 findings\n"


def test_the_numbers_are_those_of_the_target():
    several = settings(
        adapter={"targets": {"door": {"policy": {"max_replicas": 3, "min_replicas": 2}}, "gate": {}}}
    )

    spec = next(yaml.safe_load_all(generate(several, "door-worker", "shop", "door")))["spec"]

    assert (spec["minReplicaCount"], spec["maxReplicaCount"], spec["fallback"]["replicas"]) == (2, 3, 2)
    assert spec["scaleTargetRef"] == {"name": "door-worker"}
    assert spec["triggers"][0]["metadata"] == {
        "scalerAddress": "autoscaler.shop.svc:6000",
        "enableTLS": "true",
        "target": "door",
    }


@pytest.mark.parametrize(
    ("sections", "deployment", "target", "message"),
    [
        pytest.param(
            {"policy": {"max_replicas": 12}},
            "worker",
            None,
            "maxReplicaCount is 12, above topics.partitions 8",
            id="more replicas than partitions",
        ),
        pytest.param({}, "w" * 60, None, "has 69 characters, more than 63", id="a name too long for its HPA"),
        pytest.param({}, "worker", "nobody", "--target: name one of frames", id="an unknown target"),
        pytest.param(
            {"adapter": {"targets": {"door": {}, "gate": {}}}},
            "worker",
            None,
            "--target: name one of door, gate",
            id="one of several targets",
        ),
    ],
)
def test_what_would_not_work_is_refused(sections, deployment, target, message):
    with pytest.raises(ConfigError, match=message):
        generate(settings(**sections), deployment, "shop", target)


@pytest.mark.parametrize("arguments", [[], ["a.yaml", "--generate", "worker"]], ids=["neither", "both"])
def test_one_thing_at_a_time(arguments):
    shown = CliRunner().invoke(app, ["lint-manifests", *arguments])

    assert isinstance(shown.exception, ConfigError)
