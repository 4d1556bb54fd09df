"""
Detection on CPU with OpenVINO: no torch, precision left to the plugin.

The graph takes the letterboxed frame as it is (uint8, NHWC) and converts it itself.
One stream per core and one image per request: on a CPU a batch
gains nothing (OpenVINO 2026.4, measured: batch 1 on two streams 87 img/s, batch 8 81 img/s), and
forcing a precision loses on processors without it.

Each request has its input bound once to a buffer of ours and runs without arguments:
`infer({0: array})` from several threads has been seen to hang.
"""

import ast
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import yaml

from frames.errors import ConfigError
from frames.outcome import Detection
from workers.boxes import Rows, detections, suppress
from workers.detector import DetectorError, Image
from workers.letterbox import Letterbox, letterbox
from workers.model import Model, ModelSettings
from workers.openvino_import import import_openvino

openvino = import_openvino()


class OpenVinoDetector:
    """A `Detector` on this machine's cores."""

    device = "cpu"
    batch_limit = 1
    """On a CPU, more images at once are no faster."""

    def __init__(self, model: Model, settings: ModelSettings, cache_dir: Path) -> None:
        """
        Load *model*; compiled code is kept in *cache_dir* for the next start.

        Raises:
            ConfigError: OpenVINO is not installed, or this is no detection model it can run.
        """
        self._settings = settings
        self._compiled, self.labels = _compile(model, settings, cache_dir)
        """In the order of class ids."""
        height, width = tuple(self._compiled.input(0).shape)[1:3]
        self.input_size: tuple[int, int] = (width, height)
        """Width and height of the model's input in pixels; it sees no more of an image than that."""
        self._stream = _Stream(self._compiled.create_infer_request())

    def beside(self) -> Self:
        """One more of the same loaded model, for another thread; they share its streams."""
        other = copy(self)
        other._stream = _Stream(self._compiled.create_infer_request())
        return other

    def warm_up(self) -> None:
        """Run once, so that the first frame finds memory allocated and code loaded."""
        self.detect([np.zeros((8, 8, 3), np.uint8)])

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """See `Detector.detect`."""
        try:
            return [self._detections(*self._stream.run(image)) for image in images]
        except RuntimeError as error:
            raise DetectorError(f"OpenVINO: {error}") from error

    def _detections(self, output: npt.NDArray[np.float32], fit: Letterbox) -> tuple[Detection, ...]:
        """One image's boxes from *output*: (4 + classes, anchors), or (N, 6) from a head without NMS."""
        if output.shape[1] == 6:
            rows = output[output[:, 4] >= self._settings.min_score]
        else:
            rows = suppress(_candidates(output, self._settings.min_score), self._settings.max_iou)
        return detections(rows, fit, self.labels, self._settings.max_detections)


def _candidates(output: npt.NDArray[np.float32], min_score: float) -> Rows:
    """The rows of `workers.boxes` in (4 + classes, anchors): middle, size and a score per class."""
    scores = output[4:]
    # Noise far below any useful score would only make suppression slow.
    kept = np.flatnonzero(scores.max(axis=0) >= max(min_score, 1e-3))
    class_ids = scores[:, kept].argmax(axis=0)
    centre, half = output[:2, kept].T, output[2:4, kept].T / 2
    return np.column_stack([centre - half, centre + half, scores[class_ids, kept], class_ids])


class _Stream:
    """One request, and its input buffer, bound once."""

    def __init__(self, request: Any) -> None:
        self._request = request
        shape = tuple(request.model_inputs[0].shape)
        self._buffer: Image = np.zeros(shape, np.uint8)
        request.set_input_tensor(openvino.Tensor(self._buffer, shared_memory=True))
        self._output = request.get_output_tensor(0)

    def run(self, image: Image) -> tuple[npt.NDArray[np.float32], Letterbox]:
        """The first output for *image*, valid until the next run, and how it lay in the input."""
        fit = letterbox(image, self._buffer[0])
        self._request.start_async()
        self._request.wait()
        return self._output.data[0], fit


def _compile(model: Model, settings: ModelSettings, cache_dir: Path) -> tuple[Any, tuple[str, ...]]:
    if model.path.suffix == ".pt":
        raise ConfigError(
            f"model {model.name}: weights of torch; convert them first: detectscale export {model.path.name}"
        )
    core = openvino.Core()
    core.set_property({"CACHE_DIR": str(cache_dir)})
    try:
        network = _read(core, model)
        labels = model.labels or _labels_inside(network) or _labels_beside(model.path)
        _check_shape(network, labels, model.name)
        prepared = openvino.preprocess.PrePostProcessor(network)
        frame = prepared.input()
        frame.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        frame.model().set_layout(openvino.Layout("NCHW"))
        frame.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
        options = {
            "PERFORMANCE_HINT": "THROUGHPUT" if settings.threads > 1 else "LATENCY",
            "NUM_STREAMS": settings.threads,
            "INFERENCE_NUM_THREADS": settings.threads,
            "ENABLE_CPU_PINNING": False,  # every worker would pin itself to the same core
        }
        if settings.precision == "f32":
            options["INFERENCE_PRECISION_HINT"] = "f32"
        return core.compile_model(prepared.build(), "CPU", options), labels
    except RuntimeError as error:
        raise ConfigError(
            f"model {model.name}: OpenVINO cannot run it: {str(error).strip().splitlines()[-1]}"
        ) from error


def _read(core: Any, model: Model) -> Any:
    """An ONNX model from memory, as it was checked there; OpenVINO's own, two files, from its folder."""
    if model.content:
        return core.read_model(model=model.content, weights=b"")
    graphs = sorted(model.path.glob("*.xml")) if model.path.is_dir() else [model.path]
    if len(graphs) != 1:
        raise ConfigError(f"model {model.name}: {model.path}: OpenVINO needs exactly one .xml file in it")
    return core.read_model(model=graphs[0])


def _labels_inside(network: Any) -> tuple[str, ...]:
    """The labels that an ultralytics export writes into the file, `{0: 'person', …}`; none if it did not."""
    try:
        names = ast.literal_eval(network.get_rt_info(["framework", "names"]).astype(str))
        return tuple(str(names[class_id]) for class_id in range(len(names)))
    except (RuntimeError, ValueError, SyntaxError, KeyError, TypeError):
        return ()


def _labels_beside(path: Path) -> tuple[str, ...]:
    """The labels in the `metadata.yaml` that an ultralytics export writes into OpenVINO's folder."""
    try:
        names = yaml.safe_load((path / "metadata.yaml").read_text())["names"]
        return tuple(str(names[class_id]) for class_id in range(len(names)))
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return ()


def _check_shape(network: Any, labels: tuple[str, ...], name: str) -> None:
    """Only a detection model with a fixed input and one output of a known layout can be run."""
    wanted = f"(1, {4 + len(labels)}, anchors) or (1, N, 6)" if labels else "(1, N, 6) with labels"
    inputs, outputs = network.inputs, network.outputs
    if len(inputs) != 1 or len(outputs) < 1 or inputs[0].partial_shape.is_dynamic or not labels:
        raise ConfigError(
            f"model {name}: needs one input of fixed shape (1, 3, height, width) and known labels"
        )
    shape = tuple(outputs[0].partial_shape.to_shape())
    if len(shape) != 3 or not (shape[2] == 6 or shape[1] == 4 + len(labels)):
        raise ConfigError(f"model {name}: its output is {shape}; a detection model's is {wanted}")
