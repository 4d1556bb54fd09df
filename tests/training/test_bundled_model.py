"""The model that the package ships: it is what its manifest says, and it finds what it should."""

import hashlib
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("openvino", reason="the extra 'openvino' is not installed")

import workers
from frames.store import LABELS
from workers.model import ModelSettings, load_model
from workers.openvino_detector import OpenVinoDetector
from workers.training.dataset import HELD_OUT_CAMERAS, draw_examples
from workers.training.measure import measure

FOLDER = Path(workers.__file__).parent / "bundled"
MANIFEST = yaml.safe_load((FOLDER / "store-yolo26n.yaml").read_text())
FILES = [FOLDER / entry["file"] for entry in MANIFEST["files"].values()]


@pytest.mark.parametrize("kind", ["onnx", "pt"])
def test_the_manifest_vouches_for_the_file(kind):
    entry = MANIFEST["files"][kind]
    content = (FOLDER / entry["file"]).read_bytes()

    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert len(content) == entry["size_bytes"]


def test_the_labels_are_those_of_the_store():
    assert tuple(MANIFEST["labels"]) == LABELS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.suffix)
def test_a_shipped_file_holds_no_path_and_no_date(path):
    contents = [path.read_bytes()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            contents = [archive.read(name) for name in archive.namelist()]
            assert {entry.date_time[0] for entry in archive.infolist()} <= {1980}

    # Weights are random bytes: only what cannot come about by chance is looked for.
    for content in contents:
        assert not re.search(rb"/(home|root|tmp|work|usr|Users)/[\w.]+/", content)
        assert not re.search(rb"20\d\d-[01]\d-[0-3]\d", content)


def test_it_finds_what_it_should_on_cameras_it_never_saw(tmp_path):
    settings = ModelSettings(min_score=0.001)
    detector = OpenVinoDetector(load_model(settings, tmp_path), settings, tmp_path)

    result = measure(detector, draw_examples(HELD_OUT_CAMERAS[:12], 4, quality=85), detector.labels)

    assert result.map50 >= 0.60


def test_weights_and_graph_agree():
    pytest.importorskip("ultralytics", reason="the extra 'ultralytics' is not installed")
    from workers.training.ultralytics_import import import_ultralytics

    import_ultralytics()
    import openvino
    import torch
    from ultralytics.nn.tasks import load_checkpoint

    width, height = MANIFEST["input"]["width"], MANIFEST["input"]["height"]
    image = draw_examples(HELD_OUT_CAMERAS[:1], 1)[0].image()
    pixels = np.zeros((1, 3, height, width), np.float32)
    pixels[0, :, : image.shape[0], : image.shape[1]] = image.transpose(2, 0, 1)[:, :height, :width] / 255
    model = load_checkpoint(str(FOLDER / "store-yolo26n.pt"))[0].float().eval()
    model.end2end = False

    with torch.inference_mode():
        expected = model(torch.from_numpy(pixels))[0].numpy()
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    actual = openvino.Core().compile_model(FOLDER / "store-yolo26n.onnx", "CPU", options)([pixels])[0]

    assert MANIFEST["head"] == "one-to-many"  # an end-to-end head would emit equal scores in any order
    assert actual == pytest.approx(expected, abs=0.05)
