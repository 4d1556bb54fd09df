"""A training that was cut short goes on as if it had not been."""

from dataclasses import replace

import pytest

pytest.importorskip("ultralytics", reason="the extra 'ultralytics' is not installed")

import torch

from frames.errors import ConfigError
from workers.training.course import TrainSettings
from workers.training.train import train

TINY = TrainSettings(cameras=2, frames_per_camera=4, width=96, height=96, epochs=3, batch_size=4)


class CutError(Exception):
    """What ends a training early here."""


@pytest.fixture(scope="module")
def cut_short(tmp_path_factory):
    """A folder with the output and the checkpoint of two epochs of three."""
    folder = tmp_path_factory.mktemp("cut")

    def cut(epoch):
        if epoch.number == 2:
            raise CutError

    with pytest.raises(CutError):
        train(TINY, folder / "tiny.pt", cut)
    return folder


@pytest.fixture
def copy(cut_short, tmp_path):
    for name in ("tiny.pt", "tiny.checkpoint"):
        (tmp_path / name).write_bytes((cut_short / name).read_bytes())
    return tmp_path


def test_it_ends_with_the_same_bytes(copy, tmp_path):
    epochs, whole = [], tmp_path / "whole.pt"

    train(TINY, copy / "tiny.pt", epochs.append)
    train(TINY, whole, lambda epoch: None)

    assert [epoch.number for epoch in epochs] == [3]
    assert (copy / "tiny.checkpoint").read_bytes() == whole.with_suffix(".checkpoint").read_bytes()


def test_it_does_not_go_on_with_other_settings(copy):
    with pytest.raises(ConfigError, match=r"tiny\.checkpoint: a checkpoint of other settings or images"):
        train(replace(TINY, epochs=4), copy / "tiny.pt", lambda epoch: None)


def test_it_begins_anew_without_its_weights(copy):
    epochs = []
    (copy / "tiny.pt").unlink()

    train(TINY, copy / "tiny.pt", epochs.append)

    assert [epoch.number for epoch in epochs] == [1, 2, 3]


class Hostile:
    """Pickled, it runs code where it is loaded."""

    def __reduce__(self):
        return pytest.fail, ("code in a checkpoint was run",)


def in_place_of(key, value):
    """Change one part of a checkpoint."""
    return lambda state: state | {key: value}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(in_place_of("epoch", 10**12), id="an epoch that there is not"),
        pytest.param(in_place_of("epoch", "2"), id="a text where there is a number"),
        pytest.param(in_place_of("more", 1), id="a part that there is not"),
        pytest.param(in_place_of("trainer", {}), id="no weights"),
        pytest.param(lambda state: [state], id="a list"),
        pytest.param(lambda state: state | {"best": Hostile()}, id="code"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_an_error(copy, change):
    path = copy / "tiny.checkpoint"
    torch.save(change(torch.load(path, weights_only=True)), path)

    with pytest.raises(ConfigError, match=r"tiny\.checkpoint: (not a checkpoint|does not fit the model)"):
        train(TINY, copy / "tiny.pt", lambda epoch: None)


def test_half_a_file_is_an_error(copy):
    path = copy / "tiny.checkpoint"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(ConfigError, match=r"tiny\.checkpoint: not a checkpoint"):
        train(TINY, copy / "tiny.pt", lambda epoch: None)
