"""Only the engine that is chosen is imported, and a missing one is named with the way to install it."""

import subprocess
import sys

import pytest

pytest.importorskip("ultralytics", reason="the extra 'ultralytics' is not installed")

from workers.detectors import chosen
from workers.model import ModelSettings, load_model

OPEN = """
from pathlib import Path
import sys
{before}
import workers
from workers.detectors import open_detectors
from workers.model import ModelSettings, load_model

folder = Path(workers.__file__).parent / "bundled"
settings = ModelSettings(path=str(folder / "store-yolo26n.{suffix}"))
cache_dir = Path(sys.argv[1])
open_detectors(load_model(settings, cache_dir), settings, cache_dir)
print("torch" in sys.modules, "openvino" in sys.modules)
"""


def opened(tmp_path, suffix, before=""):
    """What a new process says that opens the bundled model of this format."""
    program = OPEN.format(suffix=suffix, before=before)
    return subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("path", "settings", "engine"),
    [
        ("store.onnx", {}, "openvino"),
        ("store.xml", {}, "openvino"),
        ("store.pt", {}, "ultralytics"),
        ("store.torchscript", {}, "ultralytics"),
        ("store.engine", {}, "ultralytics"),
        ("store.onnx", {"detector": "ultralytics"}, "ultralytics"),
        ("store.pt", {"detector": "openvino"}, "openvino"),
    ],
)
def test_the_format_chooses_unless_the_settings_do(tmp_path, path, settings, engine):
    assert chosen(tmp_path / path, ModelSettings(**settings)) == engine


def test_a_folder_of_openvino_is_for_openvino(tmp_path):
    (tmp_path / "store.xml").touch()

    assert chosen(tmp_path, ModelSettings()) == "openvino"


def test_the_bundled_model_comes_in_the_format_of_the_detector(tmp_path):
    loaded = [load_model(ModelSettings(detector=name), tmp_path) for name in ("openvino", "ultralytics")]

    assert [model.path.suffix for model in loaded] == [".onnx", ".pt"]
    assert loaded[0].labels == loaded[1].labels


def test_openvino_runs_without_torch(tmp_path):
    process = opened(tmp_path, "onnx")

    assert process.stdout == "False True\n", process.stderr


def test_torch_runs_without_openvino(tmp_path):
    process = opened(tmp_path, "pt")

    assert process.stdout == "True False\n", process.stderr


@pytest.mark.parametrize(
    ("suffix", "missing", "extra"),
    [("pt", "torch", "ultralytics"), ("pt", "ultralytics", "ultralytics"), ("onnx", "openvino", "openvino")],
)
def test_an_engine_that_is_not_installed_is_named(tmp_path, suffix, missing, extra):
    process = opened(tmp_path, suffix, before=f"sys.modules[{missing!r}] = None")

    assert "ConfigError" in process.stderr
    assert f"pip install 'detectscale[{extra}]'" in process.stderr
