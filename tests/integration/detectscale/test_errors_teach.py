"""What goes wrong by a person's hand is one line that names the thing, the value and the way out."""

import socket

import pytest

CLOSED_PORT = "127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "message"),
    [
        pytest.param(
            ["up", "--model", "gone.onnx"],
            {},
            2,
            "gone.onnx: No such file or directory; name a model",
            id="missing model",
        ),
        pytest.param(
            ["up"],
            {"DETECTSCALE_MODEL__SHA256": "0" * 64},
            2,
            f"but {'0' * 64} was promised",
            id="wrong digest",
        ),
        pytest.param(
            ["demo", "--model", "yolo26n.pt"],
            {},
            2,
            "nobody vouches for this file; set model.sha256",
            id="model of others",
        ),
        pytest.param(
            ["worker"],
            {"DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS": CLOSED_PORT},
            1,
            f"no Kafka broker answers at {CLOSED_PORT} within 1 s",
            id="unreachable broker, worker",
        ),
        pytest.param(
            ["up"],
            {"DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS": CLOSED_PORT},
            1,
            f"no Kafka broker answers at {CLOSED_PORT} within 1 s",
            id="unreachable broker, up",
        ),
        pytest.param(
            ["up"],
            {"DETECTSCALE_POLICY__MAX_REPLICAS": "none"},
            2,
            "config.yaml: policy.max_replicas: Input should be a valid integer",
            id="bad setting",
        ),
        pytest.param(["up", "--config", "gone.yaml"], {}, 2, "gone.yaml: cannot be read", id="no such file"),
        pytest.param(["worker"], {}, 2, "no `detectscale up` runs", id="nothing runs"),
        pytest.param(["publish", "gone.jpg"], {}, 2, "no `detectscale up` runs", id="publish to nobody"),
        pytest.param(["demo", "--source", "gone.mp4"], {}, 2, "gone.mp4: no such file", id="no such source"),
        pytest.param(["train", "--output", "x.pt", "--epochs", "0"], {}, 2, "--epochs", id="bad option"),
    ],
)
def test_a_mistake_is_answered_by_one_line(run, arguments, environment, status, message):
    done = run(*arguments, environment=environment)

    assert message in " ".join(done.stderr.split())
    assert done.returncode == status
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [["train", "--output", "x.pt"], ["export", "x.pt"]], ids=["train", "export"]
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(run, tmp_path, command):
    hidden = tmp_path / "ultralytics.py"  # found before any installed one
    hidden.write_text("raise ImportError('hidden for this test', name='ultralytics')")

    done = run(*command, environment={"PYTHONPATH": str(tmp_path)})

    assert done.returncode == 2
    assert "ultralytics is not installed: pip install 'detectscale[ultralytics]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_used_port_is_named(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("up", environment={"DETECTSCALE_KAFKA__EMBEDDED_PORT": str(port)})

    assert (done.returncode, f"{port}" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    assert "in use" in done.stderr


@pytest.mark.parametrize(
    "command",
    ["demo", "up", "publish", "camera", "results", "project", "worker", "train", "export", "simulate"],
)
def test_every_command_has_help_with_an_example(run, command):
    done = run(command, "--help")

    assert done.returncode == 0
    assert f"Example: detectscale {command}" in done.stdout or "detectscale worker" in done.stdout
