"""Every format of a model computes what its weights compute, and a worker accepts it with its manifest."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("ultralytics", reason="the extra 'ultralytics' is not installed")

import torch

import workers
from frames.errors import ConfigError
from workers.model import ModelSettings, load_model
from workers.training.export import export
from workers.training.formats import ENDINGS
from workers.training.ultralytics_import import import_ultralytics

WEIGHTS = Path(workers.__file__).parent / "bundled" / "store-yolo26n.pt"
WIDTH, HEIGHT = 160, 128
HERE = ["onnx", "openvino", "torchscript"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A folder with the model in every format that needs no GPU."""
    folder = tmp_path_factory.mktemp("exported")
    for kind in HERE:
        export(WEIGHTS, folder / f"store{ENDINGS[kind]}", WIDTH, HEIGHT)
    return folder


@pytest.fixture(scope="module")
def expected():
    """Pixels, and what the weights themselves make of them."""
    import_ultralytics()
    from ultralytics.nn.tasks import load_checkpoint

    pixels = torch.from_numpy(np.random.default_rng(0).random((1, 3, HEIGHT, WIDTH), np.float32))
    model = load_checkpoint(str(WEIGHTS))[0].float().eval()
    model.end2end = False
    with torch.inference_mode():
        return pixels, model(pixels)[0].numpy()


def test_openvino_computes_what_torch_computes(exported, expected):
    import openvino

    pixels, wanted = expected

    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    engine = openvino.Core().compile_model(exported / "store_openvino_model" / "store.xml", "CPU", exact)

    assert engine([pixels.numpy()])[0] == pytest.approx(wanted, abs=2e-2)


@pytest.mark.filterwarnings("ignore:`torch.jit.load` is deprecated:FutureWarning")
def test_torchscript_computes_what_torch_computes(exported, expected):
    pixels, wanted = expected

    found = torch.jit.load(exported / "store.torchscript")(pixels)

    assert (found[0] if isinstance(found, tuple) else found).numpy() == pytest.approx(wanted, abs=2e-2)


@pytest.mark.filterwarnings("ignore:`torch.jit.load` is deprecated:FutureWarning")
@pytest.mark.parametrize("kind", HERE[1:])
def test_ultralytics_finds_labels_and_size_in_it(exported, kind):
    from ultralytics.nn.autobackend import AutoBackend

    backend = AutoBackend(str(exported / f"store{ENDINGS[kind]}"), device=torch.device("cpu"), verbose=False)

    assert backend.names == {0: "person", 1: "cart", 2: "shelf_gap"}
    assert backend.imgsz == [HEIGHT, WIDTH]


@pytest.mark.parametrize("kind", HERE)
def test_a_worker_accepts_it_by_the_manifest_that_all_formats_share(exported, tmp_path, kind):
    path = exported / f"store{ENDINGS[kind]}"

    model = load_model(ModelSettings(path=str(path)), tmp_path)

    assert (model.name, model.labels, model.path) == ("store", ("person", "cart", "shelf_gap"), path)


@pytest.mark.parametrize("kind", HERE)
def test_a_flipped_byte_is_refused(exported, tmp_path, kind):
    shutil.copytree(exported, tmp_path / "copy")
    path = tmp_path / "copy" / f"store{ENDINGS[kind]}"
    file = path / "store.bin" if path.is_dir() else path
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    with pytest.raises(ConfigError, match="was promised"):
        load_model(ModelSettings(path=str(path)), tmp_path)


def test_a_manifest_of_another_model_is_replaced(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "copy")

    export(WEIGHTS, tmp_path / "copy" / "store.onnx", WIDTH, HEIGHT + 32)

    assert list(yaml.safe_load((tmp_path / "copy" / "store.yaml").read_text())["files"]) == ["onnx"]


def test_a_file_that_changed_is_no_longer_vouched_for(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "copy")
    (tmp_path / "copy" / "store.torchscript").write_bytes(b"another")

    export(WEIGHTS, tmp_path / "copy" / "store.onnx", WIDTH, HEIGHT)

    files = yaml.safe_load((tmp_path / "copy" / "store.yaml").read_text())["files"]
    assert list(files) == ["onnx", "openvino"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU, and may build engines")
def test_an_engine_needs_the_gpu_that_it_is_for(tmp_path):
    with pytest.raises(ConfigError, match="TensorRT builds an engine on the GPU it is for"):
        export(WEIGHTS, tmp_path / "store.engine")


def test_an_unknown_ending_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"must end in \.onnx, _openvino_model, \.torchscript, \.engine"):
        export(WEIGHTS, tmp_path / "store.tflite")
