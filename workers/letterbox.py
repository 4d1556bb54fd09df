"""
Fitting any image into the model's input, and boxes back into the image.

The image keeps its aspect ratio, is centred, and the rest is grey (114), as the
models of the YOLO family are trained.
"""

from dataclasses import dataclass

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

    def to_image(self, boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Boxes (N, 4) x1 y1 x2 y2 from input pixels to pixels of the image, clipped to it."""
        offset = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        limit = np.array([self.width, self.height, self.width, self.height], dtype=np.float32)
        inside: npt.NDArray[np.float32] = np.clip((boxes - offset) / self.scale, 0, limit)
        return inside


def letterbox(image: Image, into: Image) -> Letterbox:
    """
    Draw *image* (H, W, 3) into the buffer *into* (h, w, 3), overwriting all of it.

    >>> box = letterbox(np.zeros((480, 640, 3), np.uint8), np.empty((320, 320, 3), np.uint8))
    >>> box.scale, box.left, box.top
    (0.5, 0, 40)
    """
    height, width = image.shape[:2]
    input_height, input_width = into.shape[:2]
    scale = min(input_width / width, input_height / height)
    inner_width = max(1, round(width * scale))
    inner_height = max(1, round(height * scale))
    left, top = (input_width - inner_width) // 2, (input_height - inner_height) // 2
    if (inner_height, inner_width) != into.shape[:2]:
        into.fill(PADDING_GREY)
    inner = into[top : top + inner_height, left : left + inner_width]
    cv2.resize(image, (inner_width, inner_height), dst=inner, interpolation=cv2.INTER_LINEAR)
    return Letterbox(width, height, scale, left, top)
