"""Training for real, at a tiny size: needs torch and Ultralytics."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("ultralytics", reason="the extra 'ultralytics' is not installed")

from frames.errors import ConfigError
from workers.training.course import TrainSettings
from workers.training.export import export
from workers.training.train import train

TINY = TrainSettings(cameras=4, frames_per_camera=4, width=160, height=128, epochs=2, batch_size=4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path, epochs = tmp_path_factory.mktemp("trained") / "tiny.pt", []
    train(TINY, path, epochs.append)
    return path, epochs


def test_two_epochs_lower_the_loss(trained):
    _, epochs = trained

    assert [epoch.number for epoch in epochs] == [1, 2]
    assert epochs[1].loss < epochs[0].loss
    assert epochs[1].remaining_s == 0


def test_the_same_seed_gives_the_same_bytes(trained, tmp_path):
    path, _ = trained

    train(TINY, tmp_path / "again.pt", lambda epoch: None)

    assert (tmp_path / "again.pt").read_bytes() == path.read_bytes()


def test_two_processes_learn_as_one_model(tmp_path):
    epochs = []

    train(replace(TINY, processes=2), tmp_path / "two.pt", epochs.append)

    assert epochs[1].loss < epochs[0].loss
    assert (tmp_path / "two.pt").exists()


def test_an_interruption_keeps_the_best_epoch(tmp_path):
    def interrupt(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TINY, tmp_path / "best.pt", interrupt)

    export(tmp_path / "best.pt", tmp_path / "best.onnx", 160, 128)


def test_too_few_images_are_an_error(tmp_path):
    few = replace(TINY, cameras=1, frames_per_camera=2)

    with pytest.raises(ConfigError, match="2 images do not fill a batch of 4"):
        train(few, tmp_path / "none.pt", lambda epoch: None)


@pytest.mark.parametrize("head", ["end-to-end", "one-to-many"])
def test_an_export_computes_what_torch_computes(trained, tmp_path, head):
    import openvino
    import torch
    from ultralytics.nn.tasks import load_checkpoint

    path, _ = trained
    export(path, tmp_path / "tiny.onnx", 160, 128, head)
    pixels = np.random.default_rng(0).random((1, 3, 128, 160), np.float32)
    model = load_checkpoint(str(path))[0].float().eval()
    model.end2end = head == "end-to-end"

    with torch.inference_mode():
        expected = model(torch.from_numpy(pixels))[0].numpy()
    engine = openvino.Core().compile_model(tmp_path / "tiny.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    actual = engine([pixels])[0]

    if head == "end-to-end":  # boxes of equal score come in any order
        actual, expected = np.sort(actual, axis=1), np.sort(expected, axis=1)
    assert actual == pytest.approx(expected, abs=2e-2)


def test_an_export_holds_no_path_and_no_date_and_is_repeatable(trained, tmp_path):
    path, _ = trained

    for name in ("a.onnx", "b.onnx"):
        export(path, tmp_path / name, 160, 128)

    content = (tmp_path / "a.onnx").read_bytes()
    assert content == (tmp_path / "b.onnx").read_bytes()
    assert str(tmp_path).encode() not in content
    assert b"site-packages" not in content


def test_an_input_that_is_no_multiple_of_32_is_an_error(trained, tmp_path):
    path, _ = trained

    with pytest.raises(ConfigError, match="100x128"):
        export(path, tmp_path / "odd.onnx", 100, 128)


def test_a_file_that_is_no_model_is_an_error(tmp_path):
    (tmp_path / "not.pt").write_bytes(b"not a model")

    with pytest.raises(ConfigError, match=r"not\.pt"):
        export(tmp_path / "not.pt", tmp_path / "not.onnx")
