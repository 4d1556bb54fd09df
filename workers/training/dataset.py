"""
What a model learns from: images with labelled boxes, from the synthetic store or from a folder.

Images stay encoded (about 60 kB each): thousands fit in memory, and the model sees
the traces of compression that it will see at work.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from frames.errors import ConfigError
from frames.store import LABELS, StoreCamera

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

TRAINING_CAMERAS = range(1_000, 2_000)
"""Seeds of the cameras to learn from."""
VALIDATION_CAMERAS = range(5_000, 5_040)
"""Seeds of the cameras that choose the best epoch."""
HELD_OUT_CAMERAS = range(9_000, 9_024)
"""Seeds of the cameras that nothing was learnt or chosen from: they measure the result."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One labelled image."""

    encoded: bytes
    """JPEG, PNG or whatever else OpenCV decodes."""
    classes: NDArray[np.int64]
    """Class ids, (N,)."""
    boxes: Floats
    """x1, y1, x2, y2 in pixels of the image, (N, 4)."""

    def image(self) -> Image:
        """Decode to uint8 (H, W, 3) RGB."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.encoded, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def draw_examples(
    cameras: Sequence[int], frames_per_camera: int, quality: int | None = None, processes: int = 1
) -> list[Example]:
    """
    Draw *frames_per_camera* frames of each of the *cameras* (seeds of `StoreCamera`).

    Frames of a camera are minutes apart, and the crowd differs between them.
    *quality* is that of the JPEGs; without it each frame has its own.
    """
    draw = partial(_draw_camera, count=frames_per_camera, quality=quality)
    if processes == 1:
        return [example for seed in cameras for example in draw(seed)]
    # Not forked: whoever calls this may have threads running.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [example for examples in pool.map(draw, cameras) for example in examples]


def _draw_camera(seed: int, count: int, quality: int | None) -> list[Example]:
    rng = np.random.default_rng([seed, count])
    camera = StoreCamera(seed)
    examples = []
    for minute in range(count):
        encoded, truths = camera.jpeg(
            t=60.0 * minute + rng.uniform(0, 60),
            crowd=rng.uniform(0.3, 1.3),
            quality=quality or int(rng.integers(60, 95)),
        )
        classes = np.array([LABELS.index(truth.label) for truth in truths], np.int64)
        boxes = np.array([truth.box for truth in truths], np.float32).reshape(-1, 4)
        examples.append(Example(encoded, classes, boxes))
    return examples


def read_labels(folder: Path) -> tuple[str, ...]:
    """
    Return the labels that `data.yaml` in *folder* names, in the order of their ids.

    Raises:
        ConfigError: The file is missing, or says no names.
    """
    names = _description(folder, "names")
    return tuple(names[i] for i in sorted(names)) if isinstance(names, dict) else tuple(names)


def read_examples(folder: Path, split: str) -> list[Example]:
    """
    Read one *split* ("train" or "val") of a folder in the Ultralytics layout.

    `data.yaml` names the folder of the split's images, such as `images/train`; beside
    `images/train/a.jpg` there is `labels/train/a.txt` with a line `class x y width height` per
    object, in parts of the image's size, x and y being the middle. Without it there is no object.

    Raises:
        ConfigError: A file is missing or not of this form.
    """
    classes, images = len(read_labels(folder)), folder / "images"
    paths = sorted((folder / _description(folder, split)).rglob("*"))
    return [
        _read_example(path, folder / "labels" / path.relative_to(images).with_suffix(".txt"), classes)
        for path in paths
        if path.suffix.lower() in IMAGE_SUFFIXES
    ]


IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


def _description(folder: Path, key: str) -> Any:
    try:
        return yaml.safe_load((folder / "data.yaml").read_text())[key]
    except (OSError, TypeError, KeyError, yaml.YAMLError) as error:
        raise ConfigError(f"{folder / 'data.yaml'}: no {key} can be read from it: {error}") from error


def _read_example(path: Path, labels: Path, classes: int) -> Example:
    encoded = path.read_bytes()
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ConfigError(f"{path}: not an image")
    try:
        rows = np.array(labels.read_text().split() if labels.exists() else [], np.float32).reshape(-1, 5)
    except ValueError as error:
        raise ConfigError(f"{labels}: each line must be: class x y width height") from error
    if (rows[:, 0] >= classes).any():
        raise ConfigError(f"{labels}: class {rows[:, 0].max():.0f}, but data.yaml names {classes} labels")
    height, width = image.shape[:2]
    middles, halves = rows[:, 1:3], rows[:, 3:5] / 2
    boxes = np.hstack([middles - halves, middles + halves]) * (width, height, width, height)
    return Example(encoded, rows[:, 0].astype(np.int64), boxes.astype(np.float32))
