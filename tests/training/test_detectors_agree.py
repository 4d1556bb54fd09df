"""Both detectors find what `YOLO.predict` finds with the same weights in the same frames."""

import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra 'ultralytics' is not installed")

import torch

import workers
from frames.image import decode
from frames.store import StoreCamera
from workers.model import Model, ModelSettings
from workers.openvino_detector import OpenVinoDetector
from workers.torch_network import load_network
from workers.training.dataset import HELD_OUT_CAMERAS, draw_examples
from workers.training.ultralytics_import import import_ultralytics
from workers.ultralytics_detector import UltralyticsDetector

FOLDER = Path(workers.__file__).parent / "bundled"
WEIGHTS = FOLDER / "store-yolo26n.pt"
SETTINGS = ModelSettings(precision="f32")
SIZE = (416, 320)
MIN_IOU = 0.95
SCORE = 0.02

SHAPES = {
    "640x480": [example.image() for example in draw_examples(HELD_OUT_CAMERAS[:10], 2)],
    "1920x1080": [decode(StoreCamera(seed, 1920, 1080).jpeg(30.0)[0]) for seed in HELD_OUT_CAMERAS[:4]],
}


@pytest.fixture(scope="module", params=["cpu", "cuda"])
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA GPU")
    return request.param


@pytest.fixture(scope="module")
def yolo():
    import_ultralytics()
    from ultralytics import YOLO

    return YOLO(WEIGHTS)


@pytest.fixture(scope="module")
def exported(yolo, tmp_path_factory):
    """One-to-many exports of the bundled weights, by format."""
    from ultralytics import YOLO

    weights = tmp_path_factory.mktemp("exported") / "store.pt"
    weights.write_bytes(WEIGHTS.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters use what torch will drop
        return {
            kind: Path(YOLO(weights).export(format=kind, imgsz=SIZE[::-1]))
            for kind in ("torchscript", "openvino")
        }


def model(path, labels=None, input_size=None):
    return Model(name=path.stem, digest="0" * 64, labels=labels, input_size=input_size, path=path)


def predicted(yolo, images, nms, device="cpu", rect=True):
    """
    What `YOLO.predict` finds: one array (N, 6) per image.

    *rect*: with the least input that holds the image, as it runs weights; exports have one size.
    """
    found = yolo.predict(
        [np.ascontiguousarray(image[..., ::-1]) for image in images],
        imgsz=SIZE[::-1],
        nms=nms,
        rect=rect,
        conf=SETTINGS.min_score,
        iou=SETTINGS.max_iou,
        max_det=SETTINGS.max_detections,
        device=device,
        verbose=False,
    )
    return [result.boxes.data.cpu().numpy() for result in found]


def assert_agree(detections, expected):
    ours = [
        np.array([[*found.box, found.score, found.class_id] for found in each]).reshape(-1, 6)
        for each in detections
    ]
    assert sum(len(rows) for rows in expected) > 5 * len(expected)
    for mine, theirs in zip(ours, expected, strict=True):
        assert_contains(mine, theirs)
        assert_contains(theirs, mine)


def assert_contains(rows, others):
    """Each of *others* that is clear of the least score is in *rows*."""
    for box in others[others[:, 4] > SETTINGS.min_score + SCORE]:
        alike = rows[(rows[:, 5] == box[5]) & (np.abs(rows[:, 4] - box[4]) <= SCORE)]
        assert max(iou(box, other) for other in alike) >= MIN_IOU


def iou(one, other):
    width, height = np.minimum(one[2:4], other[2:4]) - np.maximum(one[:2], other[:2])
    overlap = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return overlap / (areas - overlap)


@pytest.mark.parametrize("images", SHAPES.values(), ids=SHAPES)
def test_torch_agrees_by_the_head_without_suppression(yolo, device, images):
    detector = UltralyticsDetector(load_network(model(WEIGHTS, input_size=SIZE), SETTINGS, device), SETTINGS)

    assert_agree(detector.detect(images), predicted(yolo, images, nms=False, device=device))


@pytest.mark.parametrize("images", SHAPES.values(), ids=SHAPES)
def test_openvino_agrees_on_the_bundled_graph(yolo, images, tmp_path):
    path = FOLDER / "store-yolo26n.onnx"
    detector = OpenVinoDetector(model(path), SETTINGS, tmp_path)

    assert_agree(detector.detect(images), predicted(yolo, images, nms=True, rect=False))


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")  # TorchScript, by torch 2.15
def test_torch_agrees_on_a_torchscript_export(yolo, exported):
    detector = UltralyticsDetector(load_network(model(exported["torchscript"]), SETTINGS, "cpu"), SETTINGS)
    images = SHAPES["1920x1080"]

    assert detector.input_size == SIZE
    assert_agree(detector.detect(images), predicted(yolo, images, nms=True, rect=False))


def test_openvino_agrees_on_an_export_to_its_own_format(yolo, exported, tmp_path):
    detector = OpenVinoDetector(model(exported["openvino"]), SETTINGS, tmp_path)
    images = SHAPES["1920x1080"]

    assert detector.labels == ("person", "cart", "shelf_gap")
    assert detector.input_size == SIZE
    assert_agree(detector.detect(images), predicted(yolo, images, nms=True, rect=False))


def test_torch_loads_the_folder_of_an_openvino_export(exported):
    # No comparison of scores: Ultralytics leaves the precision to the plugin, bf16 where there is AMX.
    detector = UltralyticsDetector(load_network(model(exported["openvino"]), SETTINGS, "cpu"), SETTINGS)

    assert all(detector.detect(SHAPES["1920x1080"]))
