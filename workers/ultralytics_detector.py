"""
Detection with torch, on CUDA or CPU, and with every format that Ultralytics loads.

Images of one shape go through the model together: a batch is one upload, one resize and one
pass, and what is found in a frame does not depend on the shapes of its neighbours. The device
cuts what is below the least score; the few rows left come back in one piece, the only time that
the host waits, and overlaps are suppressed here.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from frames.outcome import Detection
from workers.boxes import Rows, detections, suppress
from workers.detector import DetectorError, DeviceLostError, Image
from workers.letterbox import fit
from workers.model import ModelSettings
from workers.torch_failures import is_device_lost, is_out_of_memory
from workers.torch_letterbox import Staging, letterbox
from workers.torch_network import Network

MOST_IMAGES = 64
"""In one pass: more would gain little, and take memory."""
CALM_PASSES = 100
"""Full passes in a row that had memory enough, after which one image more is tried."""


class UltralyticsDetector:
    """A `Detector` on one GPU, or on this machine's cores."""

    def __init__(self, network: Network, settings: ModelSettings) -> None:
        self._network = network
        self._settings = settings
        self._staging = Staging(network.device)
        self.device = str(network.device)
        self._calm_passes = 0
        self.labels: tuple[str, ...] = network.labels
        """In the order of class ids."""
        self.input_size = (network.width, network.height)
        """Width and height of the model's input in pixels; it sees no more of an image than that."""
        self.batch_limit = MOST_IMAGES
        """Most images in one pass: halved when memory runs out, and slowly raised again."""

    def warm_up(self) -> None:
        """Run once at full size, so that the first frame finds memory allocated and kernels loaded."""
        self.detect([np.zeros((self._network.height, self._network.width, 3), np.uint8)])

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """See `Detector.detect`."""
        found: dict[int, tuple[Detection, ...]] = {}
        for indices in _of_one_shape(images):
            while indices:
                some = indices[: self.batch_limit]
                results = self._detect_alike([images[index] for index in some])
                if results is not None:
                    found.update(zip(some, results, strict=True))
                    indices = indices[len(some) :]
        return [found[index] for index in range(len(images))]

    def _detect_alike(self, images: Sequence[Image]) -> list[tuple[Detection, ...]] | None:
        """What is in images of one shape; None: memory ran out, ask for fewer."""
        try:
            rows = self._pass(images)
        except Exception as error:  # every engine has its own
            if not is_out_of_memory(error):
                kind = DeviceLostError if is_device_lost(error) else DetectorError
                raise kind(f"{self._network.device}: {error}") from error
            rows = None
        # Only here, out of the handler, is the pass's memory free: the traceback held its tensors.
        if rows is None:
            self._ask_for_less(images)
            return None
        self._ask_for_more(len(images))
        height, width = images[0].shape[:2]
        place = fit(width, height, *self._network.input_size(width, height))
        return [detections(each, place, self.labels, self._settings.max_detections) for each in rows]

    def _pass(self, images: Sequence[Image]) -> list[Rows]:
        """Each image's rows, once through the device."""
        import torch

        height, width = images[0].shape[:2]
        input_width, input_height = self._network.input_size(width, height)
        with torch.inference_mode():
            drawn = letterbox(self._staging.upload(images), input_width, input_height, self._network.dtype)
            output = self._network.forward(drawn)
            finished = output.shape[2] == 6
            # Noise far below any useful score would only make suppression slow.
            least = max(self._settings.min_score, 1e-3)
            found = (_finished if finished else _candidates)(output, least).cpu().numpy()
        each = [found[found[:, 0] == index, 1:] for index in range(len(images))]
        return each if finished else [suppress(rows, self._settings.max_iou) for rows in each]

    def _ask_for_less(self, images: Sequence[Image]) -> None:
        import torch

        try:
            torch.cuda.empty_cache()  # else what is free stays cut into pieces for the size that failed
        except RuntimeError as error:
            raise DeviceLostError(f"{self._network.device}: {error}") from error
        if len(images) == 1:
            height, width = images[0].shape[:2]
            raise DetectorError(f"{self._network.device}: out of memory for one image of {width}x{height}")
        self.batch_limit = len(images) // 2
        self._calm_passes = 0

    def _ask_for_more(self, images: int) -> None:
        """Count a pass that went well; only full ones say anything about the limit."""
        self._calm_passes += images == self.batch_limit
        if self._calm_passes == CALM_PASSES:
            self.batch_limit = min(MOST_IMAGES, self.batch_limit + 1)
            self._calm_passes = 0


def _of_one_shape(images: Sequence[Image]) -> list[list[int]]:
    """The indices of *images*, those of one shape together."""
    groups: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, image in enumerate(images):
        groups[image.shape].append(index)
    return list(groups.values())


def _finished(output: Any, least: float) -> Any:
    """Rows (K, 7): image, x1, y1, x2, y2, score, class id; from (B, N, 6) of a head without suppression."""
    import torch

    image, row = (output[..., 4] >= least).nonzero(as_tuple=True)
    return torch.cat([image[:, None].float(), output[image, row].float()], dim=1)


def _candidates(output: Any, least: float) -> Any:
    """Rows as of `_finished`, before suppression; from (B, 4 + labels, anchors)."""
    import torch

    best, class_ids = output[:, 4:].max(dim=1)
    image, anchor = (best >= least).nonzero(as_tuple=True)
    middle, size = output[image, :2, anchor].float(), output[image, 2:4, anchor].float()
    columns = [
        image[:, None].float(),
        middle - size / 2,
        middle + size / 2,
        best[image, anchor][:, None].float(),
        class_ids[image, anchor][:, None].float(),
    ]
    return torch.cat(columns, dim=1)
