"""
Loading a model of any format that Ultralytics' AutoBackend knows, without running what is in it.

The file's digest was checked before (`workers.model`). A `.pt` is unpickled with torch's allow-list
(`ULTRALYTICS_SAFE_LOAD`), nothing is downloaded and nothing installed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frames.errors import ConfigError
from workers.detector import DetectorError
from workers.model import Model, ModelSettings
from workers.torch_failures import is_device_lost, is_out_of_memory
from workers.training.ultralytics_import import import_ultralytics

OLDEST_TORCH = "2.10"
"""Before, a file could corrupt memory through the safe unpickler (CVE-2026-24747)."""


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded model: what a detector needs of it, and nothing of its format."""

    forward: Callable[[Any], Any]
    """
    From (B, 3, h, w) of `dtype` on `device`, RGB in 0..1, to (B, 4 + labels, anchors): middle, size
    and a score per label; or to (B, N, 6), finished: x1, y1, x2, y2, score, class id.
    """
    labels: tuple[str, ...]
    """In the order of class ids."""
    device: Any
    dtype: Any
    width: int
    """Of the input, pixels; as is `height`."""
    height: int
    stride: int | None
    """The input may be smaller by multiples of this; None: it is exactly as it is."""

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the least input that holds an image of width x height at full scale."""
        if self.stride is None:
            return self.width, self.height
        scale = min(self.width / width, self.height / height)
        return _up(width * scale, self.stride), _up(height * scale, self.stride)


def load_network(model: Model, settings: ModelSettings, device: str | None = None) -> Network:
    """
    Load *model*.

    Args:
        device: As torch names it; None is CUDA where there is a GPU, else the CPU.

    Raises:
        ConfigError: Ultralytics is not installed, or this is no detection model that it can run here.
        DetectorError: The device has no room for it, or is lost.
    """
    import_ultralytics()
    import torch
    from ultralytics.nn.autobackend import AutoBackend

    if torch.__version__ < OLDEST_TORCH:
        raise ConfigError(f"torch {torch.__version__} cannot open models safely: pip install 'torch>=2.10'")
    target = torch.device(device or ("cuda:0" if torch.cuda.is_available() else "cpu"))
    half = target.type == "cuda" and settings.precision == "auto"
    try:
        # The head that needs no suppression, where the model has one and does not do better without it.
        end2end = model.head != "one-to-many"
        backend = AutoBackend(str(model.path), device=target, fp16=half, verbose=False, end2end=end2end)
        backend.eval()
        network = _network(backend, model, settings)
        _check_output(network)
    except Exception as error:  # every engine has its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if is_out_of_memory(error) or is_device_lost(error):
            raise DetectorError(f"model {model.name}: {reason}") from error
        raise ConfigError(f"model {model.name}: Ultralytics cannot run it: {reason}") from error
    torch.set_num_threads(settings.threads)
    return network


def _network(backend: Any, model: Model, settings: ModelSettings) -> Network:
    import torch

    trained = backend.format == "pt"  # the others are exported for one size, unless they say "dynamic"
    task = backend.model.task if trained else backend.task
    if task not in ("detect", None):  # None: an export by another tool, which does not say
        raise ValueError(f"it is a model for the task {task}, not for detect")
    if trained:
        if backend.device.type == "cuda":
            # Tensor cores want it; on an x86 CPU Ultralytics does it by itself.
            backend.model.to(memory_format=torch.channels_last)
        if backend.end2end:
            backend.model.set_head_attr(max_det=max(300, settings.max_detections))

    def forward(images: Any) -> Any:
        output = backend(images if trained else images.contiguous())  # engines read the memory as it lies
        return output[0] if isinstance(output, (list, tuple)) else output

    width, height = _input_size(backend, model.input_size)
    flexible = trained or backend.dynamic
    return Network(
        forward=forward,
        labels=model.labels or tuple(backend.names[class_id] for class_id in range(len(backend.names))),
        device=backend.device,
        dtype=torch.half if backend.fp16 else torch.float,
        width=_up(width, backend.stride) if flexible else width,
        height=_up(height, backend.stride) if flexible else height,
        stride=backend.stride if flexible else None,
    )


def _input_size(backend: Any, size: tuple[int, int] | None) -> tuple[int, int]:
    """Width and height: of the export, as asked for, or as the weights were trained."""
    trained = backend.format == "pt"
    if size and (trained or backend.dynamic):
        return size
    sides = backend.model.args["imgsz"] if trained else getattr(backend, "imgsz", 640)
    height, width = (sides, sides) if isinstance(sides, int) else sides
    return width, height


def _check_output(network: Network) -> None:
    """Raises ValueError where boxes and labels are not what comes out."""
    import torch

    with torch.inference_mode():
        images = torch.zeros(
            (1, 3, network.height, network.width), dtype=network.dtype, device=network.device
        )
        shape = tuple(network.forward(images).shape)
    channels = 4 + len(network.labels)
    if len(shape) != 3 or not (shape[2] == 6 or shape[1] == channels):
        wanted = f"(1, {channels}, anchors) or (1, N, 6)"
        raise ValueError(f"its output is {shape}; a detection model's is {wanted}")


def _up(pixels: float, stride: int) -> int:
    """
    The next multiple of *stride*.

    >>> _up(round(480 * 0.65), 32)
    320
    """
    return -(-round(pixels) // stride) * stride
