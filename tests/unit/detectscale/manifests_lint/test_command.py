"""`detectscale lint-manifests` as it is typed: what it reads, what it says, how it ends."""

import pytest
import yaml
from typer.testing import CliRunner

from detectscale.cli import app
from frames.errors import ConfigError

GOOD = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "worker"}}
BAD = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "redis"},
    "spec": {"template": {"spec": {"containers": [{"name": "redis"}]}}},
}


@pytest.fixture
def write(tmp_path):
    def write(name: str, *documents: object) -> str:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump_all(documents))
        return str(file)

    return write


def lint(*paths: str, stdin: str = ""):
    return CliRunner().invoke(app, ["lint-manifests", *paths], input=stdin)


def test_clean_manifests_end_with_0(write):
    shown = lint(write("a.yaml", GOOD))

    assert (shown.exit_code, shown.stdout) == (0, "1 manifests, 0 findings\n")


def test_findings_end_with_1(write):
    shown = lint(write("a.yaml", GOOD, BAD))

    assert shown.exit_code == 1
    assert "Deployment redis: container redis: resources lack requests.cpu" in shown.stdout
    assert shown.stdout.endswith("2 manifests, 1 findings\n")


def test_a_folder_is_read_with_all_that_is_below(write, tmp_path):
    write("a.yaml", GOOD)
    write("below/b.yml", BAD)
    write("settings.yaml", {"policy": {"max_replicas": 3}})

    assert lint(str(tmp_path)).stdout.endswith("2 manifests, 1 findings\n")


def test_standard_input_is_read(write):
    assert lint("-", stdin=yaml.safe_dump(BAD)).stdout.startswith("stdin: Deployment redis: ")


def test_the_entries_of_a_list_are_looked_at(write):
    listed = {"apiVersion": "v1", "kind": "List", "items": [GOOD, BAD]}

    assert lint(write("a.yaml", listed)).exit_code == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [", "a.yaml: not YAML", id="not YAML"),
        pytest.param("a: 1", "no Kubernetes object found", id="another file of YAML"),
        pytest.param("", "no Kubernetes object found", id="an empty file"),
        pytest.param("{apiVersion: v1, kind: List, items: [3]}", "a.yaml: not a", id="not an object"),
        pytest.param("{apiVersion: v1, kind: Pod}", "a.yaml: not a", id="without a name"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_ends_with_2(text, message, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(text)

    shown = lint(str(file))

    assert isinstance(shown.exception, ConfigError)
    assert message in str(shown.exception)
    assert shown.exception.exit_status == 2


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    assert "cannot be read" in str(lint(str(tmp_path / "none.yaml")).exception)
