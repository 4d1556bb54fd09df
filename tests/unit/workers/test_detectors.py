from pathlib import Path

import pytest

from frames.errors import ConfigError
from workers.detectors import open_detectors
from workers.model import Model, ModelSettings


def test_weights_of_torch_are_to_be_exported_before_openvino_runs_them(tmp_path):
    weights = Model(name="mine", digest="0" * 64, labels=None, path=Path("mine.pt"))

    with pytest.raises(ConfigError, match=r"detectscale export mine\.pt"):
        open_detectors(weights, ModelSettings(detector="openvino"), tmp_path)
