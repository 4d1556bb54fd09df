"""
From a camera's picture to what leaves: smaller, blacked out, only if something moves, faces blurred.

In this order: what is masked is neither looked at for motion nor for faces, and what is looked
at is what leaves. A picture of which any step fails is not sent.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from frames.cameras.camera_settings import CameraSettings
from frames.cameras.motion import MotionGate
from frames.cameras.polygons import stencil
from frames.cameras.tally import Outcome, Tally
from frames.sources.develop import Picture, to_jpeg

if TYPE_CHECKING:
    from cv2.typing import MatLike

log = logging.getLogger(__name__)

Blur = Callable[["MatLike", float], None]
"""Makes faces in the pixels (uint8, (H, W, 3), BGR) of this instant unrecognisable, or raises."""


class Darkroom:
    """Develops one camera's pictures (`frames.sources.develop.Develop`), counting them. Not thread-safe."""

    def __init__(self, name: str, settings: CameraSettings, tally: Tally, blur: Blur | None) -> None:
        """
        Args:
            blur: None: `settings.blur_faces` is off.
        """
        self._name = name
        self._settings = settings
        self._tally = tally
        self._blur = blur
        self._gate = MotionGate(settings.motion, settings.areas) if settings.motion else None
        self._as_it_is = not (settings.width or settings.masks or settings.motion or blur)
        self._blurring = True  # as far as is known

    def __call__(self, picture: Picture, at: float) -> bytes | None:
        self._tally.capture(at)
        if isinstance(picture, bytes) and self._as_it_is:
            return picture
        pixels = _pixels(picture)
        if pixels is None:
            self._tally.end(Outcome.NOT_AN_IMAGE)
            return None
        pixels = self._masked(self._smaller(pixels))
        if self._gate is not None and not self._gate.passes(pixels, at):
            self._tally.end(Outcome.STILL)
            return None
        if not self._blurred(pixels, at):
            self._tally.end(Outcome.NOT_BLURRED)
            return None
        return to_jpeg(pixels, self._settings.quality)

    def _smaller(self, pixels: "MatLike") -> "MatLike":
        import cv2

        height, width = pixels.shape[:2]
        wanted = self._settings.width
        if wanted is None or width <= wanted:
            return pixels
        return cv2.resize(
            pixels, (wanted, max(1, round(height * wanted / width))), interpolation=cv2.INTER_AREA
        )

    def _masked(self, pixels: "MatLike") -> "MatLike":
        if self._settings.masks:
            height, width = pixels.shape[:2]
            pixels[stencil(self._settings.masks, width, height) > 0] = 0
        return pixels

    def _blurred(self, pixels: "MatLike", at: float) -> bool:
        """Whether the picture may leave."""
        if self._blur is None:
            return True
        try:
            self._blur(pixels, at)
        except Exception as error:  # whatever it is, the faces are still there
            if self._blurring:
                log.error("camera %s: faces cannot be blurred, nothing is sent: %s", self._name, error)
            self._blurring = False
        else:
            if not self._blurring:
                log.info("camera %s: faces are blurred again", self._name)
            self._blurring = True
        return self._blurring


def _pixels(picture: Picture) -> "MatLike | None":
    """Decoded; None: it cannot be."""
    import cv2

    from frames.image import ImageError, decode

    if not isinstance(picture, bytes):
        return picture
    try:
        return cv2.cvtColor(decode(picture), cv2.COLOR_RGB2BGR)
    except ImageError:
        return None
