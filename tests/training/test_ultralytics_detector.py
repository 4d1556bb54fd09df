"""The torch detector on each device there is: all is well, memory runs out, the device is lost."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra 'ultralytics' is not installed")

import torch

import workers
from frames.errors import ConfigError
from workers.detector import DetectorError, DeviceLostError
from workers.letterbox import letterbox
from workers.model import Model, ModelSettings
from workers.torch_letterbox import Staging
from workers.torch_letterbox import letterbox as torch_letterbox
from workers.torch_network import load_network
from workers.training.dataset import HELD_OUT_CAMERAS, draw_examples
from workers.training.ultralytics_import import import_ultralytics
from workers.ultralytics_detector import CALM_PASSES, MOST_IMAGES, UltralyticsDetector

WEIGHTS = Path(workers.__file__).parent / "bundled" / "store-yolo26n.pt"
F32 = ModelSettings(precision="f32")
SIZE = (416, 320)
FRAMES = [example.image() for example in draw_examples(HELD_OUT_CAMERAS[:4], 2)]


@pytest.fixture(
    scope="module",
    params=[
        "cpu",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
        ),
    ],
)
def device(request):
    return request.param


@pytest.fixture(scope="module")
def network(device):
    return load_network(model(WEIGHTS, input_size=SIZE), F32, device)


def model(path, labels=None, input_size=None):
    return Model(name=path.stem, digest="0" * 64, labels=labels, input_size=input_size, path=path)


class Device:
    """A device with room for *room* images; notes how many each pass had."""

    def __init__(self, network, room=MOST_IMAGES, error=None):
        self.room, self.passes = room, []
        self._network = network
        self._error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    def forward(self, images):
        self.passes.append(len(images))
        if len(images) > self.room:
            raise self._error
        return self._network.forward(images)

    def detector(self):
        return UltralyticsDetector(replace(self._network, forward=self.forward), F32)


def nothing(images):
    """The output of a model that sees nothing."""
    return torch.zeros((len(images), 0, 6), device=images.device)


def test_a_frame_is_found_the_same_alone_and_among_frames_of_other_shapes(network):
    detector = UltralyticsDetector(network, F32)
    others = [FRAMES[1][:300], FRAMES[2], FRAMES[3][:, :250]]

    together = detector.detect([FRAMES[0], *others, FRAMES[4]])

    for index, image in [(0, FRAMES[0]), (1, others[0]), (3, others[2]), (4, FRAMES[4])]:
        (alone,) = detector.detect([image])
        assert [found.label for found in alone] == [found.label for found in together[index]]
        for ours, theirs in zip(alone, together[index], strict=True):
            assert ours.box == pytest.approx(theirs.box, abs=0.5)
            assert ours.score == pytest.approx(theirs.score, abs=2e-3)


def test_boxes_lie_in_the_image_and_the_best_come_first(network):
    for detections in UltralyticsDetector(network, ModelSettings(min_score=0.01)).detect(FRAMES):
        scores = [found.score for found in detections]
        assert scores == sorted(scores, reverse=True)
        for x1, y1, x2, y2 in (found.box for found in detections):
            assert 0 <= x1 < x2 <= 640
            assert 0 <= y1 < y2 <= 480


def test_no_more_is_found_than_asked_for(network):
    settings = ModelSettings(min_score=0.5, max_detections=2)

    for detections in UltralyticsDetector(network, settings).detect(FRAMES):
        assert len(detections) <= 2
        assert all(found.score >= 0.5 for found in detections)


def test_no_images_are_no_detections(network):
    assert UltralyticsDetector(network, F32).detect([]) == []


def test_a_buffer_that_is_used_again_holds_nothing_of_the_batch_before(network):
    detector = UltralyticsDetector(network, F32)
    expected = UltralyticsDetector(network, F32).detect(FRAMES[:1])

    detector.detect(FRAMES[::-1])

    assert detector.detect(FRAMES[:1]) == expected


@pytest.mark.parametrize(
    ("width", "height"),
    [(640, 480), (832, 640), (1920, 1080), (300, 500), (416, 320), (37, 600), (9, 7), (1, 1)],
)
def test_the_letterbox_is_drawn_as_opencv_draws_it(device, width, height):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    expected = np.zeros((320, 416, 3), np.uint8)

    letterbox(image, expected)
    pixels = Staging(torch.device(device)).upload([image])
    drawn = torch_letterbox(pixels, 416, 320, torch.float)[0].permute(1, 2, 0).cpu().numpy()

    assert (np.rint(drawn * 255) == expected).all()


@pytest.mark.parametrize(
    ("image", "needed"),
    [
        pytest.param((640, 480), (416, 320), id="as-the-input"),
        pytest.param((1920, 1080), (416, 256), id="wide"),
        pytest.param((100, 1000), (32, 320), id="tall"),
    ],
)
def test_the_input_is_no_larger_than_the_image_needs(network, image, needed):
    assert network.input_size(*image) == needed


def test_weights_without_a_given_size_run_at_the_size_they_were_trained_at(device):
    network = load_network(model(WEIGHTS), F32, device)

    assert (network.width, network.height) == (640, 640)


def test_loading_takes_the_cores_of_the_settings_and_no_more():
    load_network(model(WEIGHTS, input_size=SIZE), ModelSettings(threads=2), "cpu")
    assert torch.get_num_threads() == 2

    load_network(model(WEIGHTS, input_size=SIZE), ModelSettings(threads=1), "cpu")
    assert torch.get_num_threads() == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
def test_half_precision_finds_what_full_precision_finds():
    half = UltralyticsDetector(load_network(model(WEIGHTS, input_size=SIZE), ModelSettings(), "cuda"), F32)
    full = UltralyticsDetector(load_network(model(WEIGHTS, input_size=SIZE), F32, "cuda"), F32)

    for ours, theirs in zip(half.detect(FRAMES), full.detect(FRAMES), strict=True):
        clear = [found for found in theirs if found.score > 0.3]
        assert clear
        for found in clear:
            near = [other for other in ours if np.abs(np.subtract(other.box, found.box)).max() < 3]
            assert any(abs(other.score - found.score) < 0.05 for other in near)


def test_out_of_memory_halves_the_batch_and_every_image_is_detected(network):
    small = Device(network, room=3)

    found = small.detector().detect(FRAMES)

    assert small.passes == [8, 4, 2, 2, 2, 2]
    labels = [[one.label for one in each] for each in found]
    assert labels == [
        [one.label for one in each] for each in UltralyticsDetector(network, F32).detect(FRAMES)
    ]


def test_the_smaller_batch_is_remembered(network):
    small = Device(network, room=3)
    detector = small.detector()
    detector.detect(FRAMES)
    small.passes.clear()

    detector.detect(FRAMES[:4])

    assert detector.batch_limit == 2
    assert small.passes == [2, 2]


def test_the_batch_grows_back_slowly(network):
    device = Device(replace(network, forward=nothing), room=1)
    detector = device.detector()
    images = [np.zeros((8, 8, 3), np.uint8)] * 2
    detector.detect(images)
    device.room = MOST_IMAGES

    while detector.batch_limit < 2:
        detector.detect(images)

    assert device.passes == [2] + [1] * CALM_PASSES
    detector.detect(images)
    assert device.passes[-1] == 2


def test_an_image_that_alone_takes_too_much_memory_is_an_error_of_its_own(network):
    detector = Device(network, room=0).detector()

    with pytest.raises(DetectorError, match="out of memory for one image of 640x480") as caught:
        detector.detect(FRAMES[:2])

    assert not isinstance(caught.value, DeviceLostError)


def test_after_an_image_that_was_too_large_others_are_detected(network):
    device = Device(network, room=0)
    detector = device.detector()
    with pytest.raises(DetectorError):
        detector.detect(FRAMES[:1])

    device.room = 1

    assert len(detector.detect(FRAMES[:2])) == 2


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RuntimeError("CUDA error: out of memory"), id="driver"),
        pytest.param(
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), id="cublas"
        ),
        pytest.param(Exception("Failed to allocate memory for requested buffer of size 52428800"), id="ort"),
    ],
)
def test_running_out_of_memory_is_known_by_any_name(network, error):
    device = Device(network, room=4, error=error)

    assert len(device.detector().detect(FRAMES)) == 8
    assert device.passes == [8, 4, 4]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(torch.AcceleratorError("CUDA error: invalid argument"), id="accelerator"),
        pytest.param(RuntimeError("CUDA error: an illegal memory access was encountered"), id="700"),
        pytest.param(RuntimeError("CUDA error: device-side assert triggered"), id="710"),
        pytest.param(RuntimeError("CUDA error: unspecified launch failure"), id="719"),
        pytest.param(RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), id="cudnn"),
    ],
)
def test_a_cuda_error_that_stays_is_a_lost_device(network, error):
    device = Device(network, room=0, error=error)

    with pytest.raises(DeviceLostError):
        device.detector().detect(FRAMES[:1])

    assert device.passes == [1]


def test_another_error_of_the_engine_may_be_tried_again(network):
    detector = Device(network, room=0, error=RuntimeError("expected 3 channels")).detector()

    with pytest.raises(DetectorError, match="expected 3 channels") as caught:
        detector.detect(FRAMES[:1])

    assert not isinstance(caught.value, DeviceLostError)


class Harmful:
    """Unpickled, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_file_of_weights_is_refused_and_does_not_run(tmp_path):
    torch.save({"model": Harmful(tmp_path / "harm")}, tmp_path / "evil.pt")

    with pytest.raises(ConfigError, match=r"model evil: Ultralytics cannot run it"):
        load_network(model(tmp_path / "evil.pt"), F32, "cpu")

    assert not (tmp_path / "harm").exists()
    pickle.loads(pickle.dumps(Harmful(tmp_path / "harm")))  # noqa: S301  # it would have
    assert (tmp_path / "harm").exists()


def test_a_model_of_another_task_is_refused(tmp_path):
    import_ultralytics()
    from ultralytics import YOLO

    YOLO("yolo26n-seg.yaml").save(tmp_path / "masks.pt")

    with pytest.raises(ConfigError, match=r"model masks: .*the task segment, not for detect"):
        load_network(model(tmp_path / "masks.pt", input_size=(64, 64)), F32, "cpu")


def test_labels_that_are_too_few_are_named(device):
    few = load_network(model(WEIGHTS, labels=("person",), input_size=SIZE), F32, device)

    with pytest.raises(ConfigError, match="names only 1 labels"):
        UltralyticsDetector(few, F32).detect(FRAMES)
