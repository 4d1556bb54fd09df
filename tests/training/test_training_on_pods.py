"""Training over two pods, which torchrun brings together again when one was lost."""

import re
from pathlib import Path

import pytest
import yaml

pytest.importorskip("ultralytics", reason="the extra 'ultralytics' is not installed")

from tests.training.squares import SIZE, write_squares
from tests.training.torchrun_pods import Pods
from tests.waiting import until
from workers.model import ModelSettings, load_model
from workers.training.course import TrainSettings
from workers.training.train import train

pytestmark = pytest.mark.timeout(900)

EPOCHS = 20
SECONDS = 600.0
"""Enough on a machine that is busy with other things; a minute on two idle cores."""


@pytest.fixture(scope="module")
def squares(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("squares")
    write_squares(folder)
    return folder


@pytest.fixture(scope="module")
def alone(squares, tmp_path_factory):
    """The epochs of a training by one process."""
    epochs = []
    settings = TrainSettings(
        squares, width=SIZE, height=SIZE, epochs=EPOCHS, batch_size=8, learning_rate=0.005
    )
    train(settings, tmp_path_factory.mktemp("alone") / "squares.pt", epochs.append)
    return epochs


@pytest.fixture(scope="module")
def output(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pods") / "squares.pt"


def arguments(squares: Path, output: Path) -> list[str]:
    numbers = {"width": SIZE, "height": SIZE, "epochs": EPOCHS, "batch-size": 8, "learning-rate": 0.005}
    options = {"data": squares, "output": output, "export": "onnx", **numbers}
    return [f"--{name}={value}" for name, value in options.items()]


@pytest.fixture(scope="module")
def pods(squares, output):
    """The same training by two pods; the second is lost in the middle, later the first."""
    pods = Pods(output.parent, *arguments(squares, output))
    try:
        for index, epoch in ((1, 6), (0, 12)):
            until(lambda epoch=epoch: pods.finished() or max(pods.epochs(), default=0) >= epoch, SECONDS)
            pods.lose(index)
        until(pods.finished, SECONDS)
        yield pods
    finally:
        pods.close()


def test_a_lost_pod_costs_no_epoch_that_was_finished(pods):
    assert sorted(set(pods.epochs())) == list(range(1, EPOCHS + 1))
    assert len(pods.epochs()) <= EPOCHS + 2
    assert max(map(int, re.findall(r"goes on after epoch (\d+)", pods.logs(0)[-1]))) >= 12


def test_both_pods_end_with_equal_parameters(pods):
    last = [
        re.findall(r"process (\d) of 2: parameters (\w{64})", pods.logs(index)[-1])[-1] for index in (0, 1)
    ]

    assert [rank for rank, _ in last] == ["0", "1"]
    assert last[0][1] == last[1][1]


def test_two_pods_find_as_much_as_one_process(pods, alone):
    found = float(re.findall(rf"^epoch {EPOCHS}: .* mAP50 ([\d.]+) ", "".join(pods.logs(0)), re.M)[-1])

    assert alone[-1].validation.map50 > 0.9
    assert found == pytest.approx(alone[-1].validation.map50, abs=0.03)


def test_a_worker_accepts_the_model_that_they_export(pods, output, tmp_path):
    model = load_model(ModelSettings(path=str(output.with_suffix(".onnx"))), tmp_path)

    assert model.labels == ("square",)
    assert yaml.safe_load(output.with_suffix(".yaml").read_text())["input"] == {"width": SIZE, "height": SIZE}


def test_pods_that_were_given_different_settings_say_so(squares, tmp_path):
    same = arguments(squares, tmp_path / "none.pt")
    pods = Pods(tmp_path, *same, max_restarts=0, of_second=("--seed=1",))
    try:
        until(pods.failed, SECONDS)
    finally:
        pods.close()

    assert "settings or images of process 1 differ from those of process 0" in pods.logs(0)[0]
    assert not (tmp_path / "none.pt").exists()
