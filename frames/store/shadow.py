"""The soft dark spot where somebody stands, without which they would float."""

import cv2
import numpy as np

from frames.store.figure import CIRCLE, NEAREST_M, Standing
from frames.store.lens import Lens
from frames.store.scene import Scene
from frames.store.shelves import Image

DARKEST = 110
"""How much of 255 is taken away in the middle."""


def cast_shadow(image: Image, standing: Standing, lens: Lens, scene: Scene) -> None:
    """Darken the floor of *image* around the feet."""
    ground = np.zeros((len(CIRCLE), 3))
    ground[:, :2] = (standing.x, standing.y) + standing.shadow_m * CIRCLE
    ring, depths = lens.project(ground)
    soft = max(2, int(np.ptp(ring[:, 1])) // 3)
    x0, y0 = np.maximum(ring.min(axis=0).astype(int) - soft, 0)
    x1, y1 = np.minimum(ring.max(axis=0).astype(int) + soft, (lens.width, lens.height))
    if depths.min() < NEAREST_M or x0 >= x1 or y0 >= y1:
        return
    shade = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillConvexPoly(shade, np.round(ring - (x0, y0)).astype(np.int32), DARKEST)
    shade = np.asarray(cv2.blur(shade, (soft * 2 + 1, soft + 1)), np.uint8)
    window = image[y0:y1, x0:x1]
    kept = 255 - shade * (scene.reach[y0:y1, x0:x1] > lens.reach(ground).min())
    cv2.multiply(window, cv2.merge([kept, kept, kept]), window, 1 / 255)
