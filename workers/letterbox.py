"""
Fitting any image into the model's input, and boxes back into the image.

The image keeps its aspect ratio, is centred, and the rest is grey (114), as the
models of the YOLO family are trained.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from workers.detector import Image

PADDING_GREY = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How one image of width x height pixels lies in the input."""

    width: int
    height: int
    scale: float
    """Input pixels per image pixel."""
    left: int
    """Columns of padding before the image."""
    top: int

    @property
    def inner_width(self) -> int:
        """Columns that the image takes in the input."""
        return max(1, round(self.width * self.scale))

    @property
    def inner_height(self) -> int:
        return max(1, round(self.height * self.scale))

    def to_image(self, boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Boxes (N, 4) x1 y1 x2 y2 from input pixels to pixels of the image, clipped to it."""
        offset = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        limit = np.array([self.width, self.height, self.width, self.height], dtype=np.float32)
        inside: npt.NDArray[np.float32] = np.clip((boxes - offset) / self.scale, 0, limit)
        return inside


def fit(width: int, height: int, input_width: int, input_height: int) -> Letterbox:
    """
    Where an image of width x height pixels comes to lie.

    >>> fit(640, 480, 320, 320)
    Letterbox(width=640, height=480, scale=0.5, left=0, top=40)
    """
    scale = min(input_width / width, input_height / height)
    at_origin = Letterbox(width, height, scale, 0, 0)
    left = (input_width - at_origin.inner_width) // 2
    return replace(at_origin, left=left, top=(input_height - at_origin.inner_height) // 2)


def letterbox(image: Image, into: Image) -> Letterbox:
    """
    Draw *image* (H, W, 3) into the buffer *into* (h, w, 3), overwriting all of it.

    >>> box = letterbox(np.zeros((480, 640, 3), np.uint8), np.empty((320, 320, 3), np.uint8))
    >>> box.scale, box.left, box.top
    (0.5, 0, 40)
    """
    place = fit(image.shape[1], image.shape[0], into.shape[1], into.shape[0])
    size = (place.inner_width, place.inner_height)
    if size != (into.shape[1], into.shape[0]):
        into.fill(PADDING_GREY)
    inner = into[place.top : place.top + size[1], place.left : place.left + size[0]]
    cv2.resize(image, size, dst=inner, interpolation=cv2.INTER_LINEAR)
    return place
