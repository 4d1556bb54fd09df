"""
How the model sees an example: letterboxed, and in training moved and recoloured anew each time.

Zoom, shift, mirror image and letterbox are one warp of the image as it was taken, so that
enlarging loses no detail.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.letterbox import PADDING_GREY
from workers.training.dataset import Example, Floats, Image

ZOOM = (0.75, 1.8)
"""Range of enlargement; to more than 1, as the model may be run at a larger size than it was trained at."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An example as the model gets it: letterboxed, perhaps augmented."""

    image: Image
    """uint8 (height, width, 3) RGB."""
    classes: NDArray[np.int64]
    boxes: Floats
    """x1, y1, x2, y2 in pixels of `image`, (N, 4)."""


def letterbox(example: Example, width: int, height: int) -> View:
    """Fit the whole image into *width* x *height*, in the middle, with grey bars beside it."""
    image = example.image()
    return _warp(image, example, _fit(image, width, height), width, height)


def augment(example: Example, width: int, height: int, rng: np.random.Generator) -> View:
    """Letterbox with random zoom, shift, mirror image, colour and brightness."""
    image = example.image()
    zoom = float(np.exp(rng.uniform(*np.log(ZOOM))))
    room = 0.1 + max(0.0, zoom - 1) / 2
    shift = (1 - zoom) / 2 + rng.uniform(-room, room, 2)
    moved = np.array([[zoom, 0, shift[0] * width], [0, zoom, shift[1] * height], [0, 0, 1]])
    if rng.random() < 0.5:
        moved = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]]) @ moved
    view = _warp(image, example, moved @ _fit(image, width, height), width, height)
    return View(_recolour(view.image, rng), view.classes, view.boxes)


def _fit(image: Image, width: int, height: int) -> NDArray[np.float64]:
    """Return the (3, 3) map from pixels of *image* to those of the letterboxed one."""
    rows, columns = image.shape[:2]
    scale = min(width / columns, height / rows)
    return np.array(
        [[scale, 0, (width - scale * columns) / 2], [0, scale, (height - scale * rows) / 2], [0, 0, 1]]
    )


def _warp(image: Image, example: Example, to_view: NDArray[np.float64], width: int, height: int) -> View:
    """Move image and boxes by *to_view*; drop boxes that are mostly outside or too small to see."""
    # OpenCV puts the middle of the first pixel at 0, boxes put its edge there.
    middles = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    matrix = np.linalg.inv(middles) @ to_view @ middles
    grey = (PADDING_GREY,) * 3
    warped = cv2.warpAffine(image, matrix[:2], (width, height), flags=cv2.INTER_LINEAR, borderValue=grey)
    corners = example.boxes.reshape(-1, 2) @ to_view[:2, :2].T + to_view[:2, 2]
    whole = np.sort(corners.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    boxes = whole.clip(0, (width, height, width, height))
    sides = boxes[:, 2:] - boxes[:, :2]
    share = sides.prod(axis=1) / np.maximum((whole[:, 2:] - whole[:, :2]).prod(axis=1), 1e-6)
    kept = (share > 0.3) & (sides.min(axis=1, initial=np.inf) > 4)
    return View(np.asarray(warped, np.uint8), example.classes[kept], boxes[kept].astype(np.float32))


def _recolour(image: Image, rng: np.random.Generator) -> Image:
    hue, saturation, value = rng.uniform(-8, 8), rng.uniform(0.6, 1.4), rng.uniform(0.65, 1.35)
    levels = np.arange(256)
    tables = [
        ((levels + hue) % 180).astype(np.uint8),
        (levels * saturation).clip(0, 255).astype(np.uint8),
        (levels * value).clip(0, 255).astype(np.uint8),
    ]
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    recoloured = cv2.LUT(hsv, np.stack(tables, axis=1)[None])
    return np.asarray(cv2.cvtColor(recoloured, cv2.COLOR_HSV2RGB), np.uint8)


def batches(count: int, batch_size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Shuffle the indices 0..*count*, and cut them into batches; what does not fill one is left out."""
    order = rng.permutation(count).tolist()
    for start in range(0, count - batch_size + 1, batch_size):
        yield order[start : start + batch_size]
