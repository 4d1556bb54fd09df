"""
A shop's CCTV, drawn: frames whose truth is known exactly.

    >>> camera = StoreCamera(seed=7)
    >>> image, truths = camera.frame(t=12.5)
    >>> image.shape
    (480, 640, 3)
    >>> {truth.label for truth in truths} <= set(LABELS)
    True
"""

from frames.store.camera import StoreCamera
from frames.store.truth import LABELS, Truth

__all__ = ["LABELS", "StoreCamera", "Truth"]
