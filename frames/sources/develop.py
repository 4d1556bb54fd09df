"""
From what a source has to what leaves it: a JPEG, or nothing.

A source hands over each picture at its instant, and only then is it encoded, so that a picture
that nobody wants costs no encoding.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    from cv2.typing import MatLike

Picture: TypeAlias = Union[bytes, "MatLike"]
"""An encoded image, or pixels as OpenCV has them: uint8, (H, W, 3), BGR."""
Develop = Callable[[Picture, float], bytes | None]
"""A picture and the instant it was taken (seconds since the epoch) to its encoded image; None: not wanted."""


def as_jpeg(quality: int = 85) -> Develop:
    """Pixels to JPEG of *quality* (1 to 100); what is encoded stays as it is."""

    def develop(picture: Picture, at: float) -> bytes | None:
        return picture if isinstance(picture, bytes) else to_jpeg(picture, quality)

    return develop


def to_jpeg(pixels: "MatLike", quality: int) -> bytes:
    """Encode *pixels*."""
    import cv2

    return cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()
