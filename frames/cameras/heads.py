"""
Blurred faces: the head of everybody whom a detector of people finds.

Heads rather than faces, since a shop's camera sees people from above, from the side and from
behind, where a detector of faces finds none; and the project has a detector of people already.
Whom it does not find is not blurred.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cv2.typing import MatLike

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""
FindPeople = Callable[["MatLike"], Iterable[Box]]
"""The boxes of all people in the pixels (uint8, (H, W, 3), BGR), or an error: never a guess."""
KEEP_S = 1.0
"""Where a head was so lately is blurred too: detectors miss one now and then."""
GRAINS = 6
"""A head becomes a mosaic of so many squares each way."""


class HeadBlur:
    """Blurs the heads in one camera's pictures (`frames.cameras.darkroom.Blur`). Not thread-safe."""

    def __init__(self, find: FindPeople) -> None:
        self._find = find
        self._lately: deque[tuple[float, Box]] = deque()

    def __call__(self, pixels: "MatLike", at: float) -> None:
        self._lately.extend((at, head(person)) for person in self._find(pixels))
        while self._lately and self._lately[0][0] < at - KEEP_S:
            self._lately.popleft()
        for _, box in self._lately:
            _coarsen(pixels, box)


def head(person: Box) -> Box:
    """
    Where the head of a person is, with much room.

    A standing body is seven to eight heads high, so three tenths of it are enough; who is seen only from
    the waist up is wide for their height, and then nine tenths of the width count, up to all of the box.

    >>> [round(number) for number in head((100, 100, 140, 220))]
    [94, 91, 146, 136]
    >>> [round(number) for number in head((100, 100, 200, 200))]
    [85, 78, 215, 190]
    """
    x1, y1, x2, y2 = person
    width = x2 - x1
    high = min(y2 - y1, max(0.3 * (y2 - y1), 0.9 * width))
    return x1 - 0.15 * width, y1 - 0.25 * high, x2 + 0.15 * width, y1 + high


def _coarsen(pixels: "MatLike", box: Box) -> None:
    """Replace what is in *box* by means of its parts, from which nothing finer can be had back."""
    import cv2

    height, width = pixels.shape[:2]
    x1, y1 = (max(0, int(edge)) for edge in box[:2])
    x2, y2 = min(width, int(box[2]) + 1), min(height, int(box[3]) + 1)
    if x1 >= x2 or y1 >= y2:
        return
    part = pixels[y1:y2, x1:x2]
    grains = cv2.resize(part, (min(GRAINS, x2 - x1), min(GRAINS, y2 - y1)), interpolation=cv2.INTER_AREA)
    pixels[y1:y2, x1:x2] = cv2.resize(grains, (x2 - x1, y2 - y1), interpolation=cv2.INTER_NEAREST)
