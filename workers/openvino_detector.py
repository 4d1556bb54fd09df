"""
Detection on CPU with OpenVINO: no torch, precision left to the plugin.

The graph takes the letterboxed frame as it is (uint8, NHWC) and converts it itself.
One stream per core and one image per request: on a CPU a batch gains nothing
(OpenVINO 2026.4, measured: batch 1 on two streams 87 img/s, batch 8 81 img/s), and
forcing a precision loses on processors without it.

Each request has its input bound once to a buffer of ours and runs without arguments:
`infer({0: array})` from several threads has been seen to hang.
"""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from frames.errors import ConfigError
from frames.outcome import Detection
from workers.detector import DetectorError, Image
from workers.letterbox import Letterbox, letterbox
from workers.model import Model, ModelSettings

try:
    import openvino
    from openvino.preprocess import PrePostProcessor
except ImportError as error:
    raise ConfigError("OpenVINO is not installed: pip install 'detectscale[openvino]'") from error


class OpenVinoDetector:
    """A `Detector` on this machine's cores."""

    def __init__(self, model: Model, settings: ModelSettings, cache_dir: Path) -> None:
        """
        Load *model*; compiled code is kept in *cache_dir* for the next start.

        Raises:
            ConfigError: OpenVINO is not installed, or this is no detection model it can run.
        """
        self._settings = settings
        compiled, labels = _compile(model, settings, cache_dir)
        self.labels: tuple[str, ...] = labels
        """In the order of class ids."""
        self._lanes = [_Lane(compiled.create_infer_request()) for _ in range(settings.threads)]

    def warm_up(self) -> None:
        """Run each lane once, so that the first frame finds memory allocated and code loaded."""
        self.detect([np.zeros((8, 8, 3), np.uint8)] * len(self._lanes))

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """See `Detector.detect`."""
        results: list[tuple[Detection, ...]] = []
        try:
            for index, image in enumerate(images):
                lane = self._lanes[index % len(self._lanes)]
                if index >= len(self._lanes):
                    results.append(self._detections(*lane.finish()))
                lane.start(image)
            for index in range(len(results), len(images)):
                results.append(self._detections(*self._lanes[index % len(self._lanes)].finish()))
        except RuntimeError as error:
            raise DetectorError(f"OpenVINO: {error}") from error
        return results

    def _detections(self, output: npt.NDArray[np.float32], fit: Letterbox) -> tuple[Detection, ...]:
        """One image's boxes from *output*: (4 + classes, anchors), or (N, 6) from a head without NMS."""
        rows = output if output.shape[1] == 6 else self._suppressed(output)
        rows = rows[rows[:, 4] >= self._settings.min_score]
        rows = rows[np.argsort(-rows[:, 4], kind="stable")][: self._settings.max_detections]
        boxes = fit.to_image(rows[:, :4])
        if len(rows) and rows[:, 5].max() >= len(self.labels):
            unknown, known = int(rows[:, 5].max()), len(self.labels)
            raise ConfigError(f"model: it found class {unknown}, but its manifest names only {known} labels")
        return tuple(
            Detection(self.labels[class_id], class_id, round(score, 4), box)
            for box, score, class_id in zip(
                (tuple(box) for box in boxes.round(2).tolist()),
                rows[:, 4].tolist(),
                rows[:, 5].astype(int).tolist(),
                strict=True,
            )
            if box[0] < box[2] and box[1] < box[3]
        )

    def _suppressed(self, output: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Rows x1 y1 x2 y2 score class from (4 + classes, anchors) cx cy w h scores, after NMS by label."""
        scores = output[4:]
        kept = np.flatnonzero(scores.max(axis=0) >= max(self._settings.min_score, 1e-3))
        class_ids = scores[:, kept].argmax(axis=0)
        best = scores[class_ids, kept]
        centre, size = output[:2, kept].T, output[2:4, kept].T
        corners = np.hstack([centre - size / 2, size])
        picked = np.asarray(
            cv2.dnn.NMSBoxesBatched(
                corners.tolist(), best.tolist(), class_ids.tolist(), 0.0, self._settings.max_iou
            ),
            dtype=int,
        )
        left_top, extent = corners[picked, :2], corners[picked, 2:]
        return np.column_stack([left_top, left_top + extent, best[picked], class_ids[picked]])


class _Lane:
    """One stream: its request, its input buffer, and the image being inferred."""

    def __init__(self, request: Any) -> None:
        self._request = request
        shape = tuple(request.model_inputs[0].shape)
        self._buffer: Image = np.zeros(shape, np.uint8)
        request.set_input_tensor(openvino.Tensor(self._buffer, shared_memory=True))
        self._fit = Letterbox(1, 1, 1.0, 0, 0)

    def start(self, image: Image) -> None:
        self._fit = letterbox(image, self._buffer[0])
        self._request.start_async()

    def finish(self) -> tuple[npt.NDArray[np.float32], Letterbox]:
        self._request.wait()
        return self._request.get_output_tensor(0).data[0].copy(), self._fit


def _compile(model: Model, settings: ModelSettings, cache_dir: Path) -> tuple[Any, tuple[str, ...]]:
    core = openvino.Core()
    core.set_property({"CACHE_DIR": str(cache_dir)})
    try:
        network = core.read_model(model=model.content, weights=b"")
        labels = model.labels or _labels_inside(network)
        _check_shape(network, labels, model.name)
        prepared = PrePostProcessor(network)
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
        return core.compile_model(prepared.build(), "CPU", options), labels
    except RuntimeError as error:
        raise ConfigError(
            f"model {model.name}: OpenVINO cannot run it: {str(error).strip().splitlines()[-1]}"
        ) from error


def _labels_inside(network: Any) -> tuple[str, ...]:
    """The labels that an ultralytics export writes into the file, `{0: 'person', …}`; none if it did not."""
    try:
        names = ast.literal_eval(network.get_rt_info(["framework", "names"]).astype(str))
        return tuple(str(names[class_id]) for class_id in range(len(names)))
    except (RuntimeError, ValueError, SyntaxError, KeyError, TypeError):
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
