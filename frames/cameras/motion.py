"""
The motion gate: a still scene is not sent, but for a frame now and then.

What moves is what differs from the background, which is learned pixel by pixel as a mixture of
Gaussians. A small grey picture is enough for it, and takes a millisecond.

Sources: Z. Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction",
ICPR 2004; OpenCV's BackgroundSubtractorMOG2.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, PositiveFloat

from frames.cameras.polygons import Polygon, stencil

if TYPE_CHECKING:
    from cv2.typing import MatLike

WIDTH = 320
"""Of the picture that is looked at, in pixels: a person at the far end of a shop is still 10 wide."""
BACKGROUND_AFTER_S = 1.0
"""Who stands still for so long is background. Where they stood before still is, so it is not seen twice."""
BACKGROUND_SHARE = 0.9
"""MOG2's own: the Gaussians that make up so much of a pixel's past are its background."""
VARIANCES = 9.0
"""
A pixel differs if it is so many variances off: three standard deviations. With MOG2's own default of 16
an arm that drops at the far end of a shop is missed; the noise that this lets in is too small to count.
"""


class MotionSettings(BaseModel, frozen=True, extra="forbid"):
    """What counts as motion, and what is sent without any."""

    hold_s: PositiveFloat = 2.0
    """Send for so long after the last motion."""
    keep_alive_s: PositiveFloat = 10.0
    """Send a frame of a still scene this often, so that what stands there is still seen."""
    min_area: float = Field(default=0.0003, gt=0, lt=1)
    """The smallest thing that moves, as a share of the picture: 0.0003 of 640x480 is 10x10 pixels."""


class MotionGate:
    """Tells which pictures of one camera are worth sending. Not thread-safe."""

    def __init__(self, settings: MotionSettings, areas: Sequence[Polygon]) -> None:
        """
        Args:
            areas: Where motion counts; none: everywhere.
        """
        import cv2

        self._settings = settings
        self._areas = areas
        self._background = cv2.createBackgroundSubtractorMOG2(varThreshold=VARIANCES, detectShadows=False)
        self._background.setBackgroundRatio(BACKGROUND_SHARE)
        self._counted: MatLike | None = None  # 255 where motion counts
        self._looked_at = self._moved_at = self._sent_at = float("-inf")

    def passes(self, pixels: "MatLike", at: float) -> bool:
        """
        Whether the next picture is to be sent.

        Args:
            pixels: uint8, (H, W, 3), BGR; the same H and W each time.
            at: Its instant in seconds.
        """
        if self._moves(pixels, at):
            self._moved_at = at
        passes = (
            at < self._moved_at + self._settings.hold_s or at >= self._sent_at + self._settings.keep_alive_s
        )
        if passes:
            self._sent_at = at
        return passes

    def _moves(self, pixels: "MatLike", at: float) -> bool:
        import cv2

        height = max(1, round(pixels.shape[0] * WIDTH / pixels.shape[1]))
        small = cv2.cvtColor(
            cv2.resize(pixels, (WIDTH, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY
        )
        elapsed_s = at - self._looked_at  # endless at first: the first picture is all background
        learned = 1.0 - BACKGROUND_SHARE ** (elapsed_s / BACKGROUND_AFTER_S)
        self._looked_at = at
        differs = cv2.morphologyEx(
            self._background.apply(small, learningRate=learned), cv2.MORPH_OPEN, _cross()
        )
        if self._areas:
            if self._counted is None or self._counted.shape != differs.shape:
                self._counted = stencil(self._areas, WIDTH, height)
            differs = cv2.bitwise_and(differs, self._counted)
        _, _, found, _ = cv2.connectedComponentsWithStats(differs)
        return bool((found[1:, cv2.CC_STAT_AREA] >= self._settings.min_area * differs.size).any())


def _cross() -> "MatLike":
    import cv2

    return cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
