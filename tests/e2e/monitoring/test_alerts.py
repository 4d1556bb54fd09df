"""Each alert fires when it should and not otherwise, and says what to do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.e2e.monitoring.component import rule_groups, rules
from tests.e2e.monitoring.prometheus import program

CASES = Path(__file__).parent / "alerts.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds the rules as Prometheus reads them."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": rule_groups()}))
    shutil.copy(CASES, tmp_path)
    return tmp_path


def promtool(folder: Path, *arguments: str) -> None:
    """Run it in *folder*; fail with what it says."""
    command = [program("promtool"), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_the_rules(folder: Path) -> None:
    promtool(folder, "check", "rules", "--lint-fatal", "rules.yaml")


def test_alerts_fire_when_they_should_and_not_otherwise(folder: Path) -> None:
    promtool(folder, "test", "rules", CASES.name)


def test_each_alert_is_shown_firing_and_silent() -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for asked in case["promql_expr_test"]:
            [named] = re.findall(r'alertname=~?"([^"]+)"', asked["expr"])
            (fires if asked["exp_samples"] else silent).update(named.split("|"))

    assert fires == silent == rules("alert").keys()


@pytest.mark.parametrize("name", rules("alert"))
def test_an_alert_says_what_it_is_what_it_means_and_what_to_do(name: str) -> None:
    rule = rules("alert")[name]

    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description", "action"}
    assert all(text.strip() for text in rule["annotations"].values())
