"""Small frames of a drawn shop, so that a test's load is the detector's and not the decoder's."""

import cv2
import numpy as np

from frames.store import StoreCamera


def small_images() -> list[bytes]:
    """JPEGs of 320 x 240 pixels."""
    camera = StoreCamera(9003)
    return [_small(camera.jpeg(n / 2)[0]) for n in range(16)]


def _small(image: bytes) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return cv2.imencode(".jpg", cv2.resize(pixels, (320, 240)))[1].tobytes()
