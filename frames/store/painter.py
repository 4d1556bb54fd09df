"""
People and carts, painted into a frame from far to near, and what is still seen of them.

Every pixel has one owner: the gap, the person or the cart it shows. Whoever is painted
later takes pixels over, and shelves keep theirs from those who walk behind them.
So the truth is read off at the end: an object's box is the box of the pixels it owns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from frames.store.figure import NEAREST_M, SUBPIXEL_BITS, Outline, Standing, outline
from frames.store.lens import Lens
from frames.store.scene import Scene
from frames.store.shadow import cast_shadow
from frames.store.shelves import Image
from frames.store.surfaces import SMALLEST_PX
from frames.store.truth import Truth

LEAST_VISIBLE = 0.3
"""An object of which a smaller part is seen is not in the truth."""

Window = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object that may own pixels."""

    label: str
    number: int
    size: float
    """Pixels it would own alone, those outside the image included."""
    window: Window
    """The part of the image that holds all of its pixels."""


class Painter:
    """One frame in the making."""

    def __init__(self, lens: Lens, scene: Scene) -> None:
        self.image = scene.background.copy()
        """What has been painted so far, uint8 (H, W, 3) RGB."""
        self._lens, self._scene = lens, scene
        self._owner = scene.owner.copy()
        everywhere = (slice(0, lens.height), slice(0, lens.width))
        self._subjects = [
            Subject("shelf_gap", number, size, everywhere) for number, size in enumerate(scene.gap_sizes, 1)
        ]

    def paint(self, standings: Sequence[Standing]) -> None:
        """Paint everybody, whoever is farthest first."""
        feet = np.array([(standing.x, standing.y, 0.0) for standing in standings]).reshape(-1, 3)
        reaches = self._lens.reach(feet)
        for i in np.argsort(-reaches, kind="stable").tolist():
            if reaches[i] > NEAREST_M and (seen := outline(standings[i], self._lens)):
                self._paint_one(standings[i], seen, reaches[i])

    def truths(self) -> Iterator[Truth]:
        """Read off what can be seen."""
        for subject in self._subjects:
            rows, columns = subject.window
            owned = (self._owner[rows, columns] == subject.number).view(np.uint8)
            x, y, width, height = cv2.boundingRect(owned)
            if cv2.countNonZero(owned) >= LEAST_VISIBLE * subject.size and min(width, height) >= SMALLEST_PX:
                left, top = float(columns.start + x), float(rows.start + y)
                yield Truth(subject.label, (left, top, left + width, top + height))

    def _paint_one(self, standing: Standing, seen: Outline, reach: float) -> None:
        window, inside = self._overlap(seen)
        target = self.image[window]
        if not target.size:
            return
        cast_shadow(self.image, standing, self._lens, self._scene)
        patch = np.zeros((seen.height, seen.width, 3), np.uint8)
        patch[inside] = target
        silhouette = self._draw(standing, seen, patch)
        visible = silhouette[inside] & (self._scene.reach[window] > reach)
        cv2.copyTo(patch[inside], visible, target)
        number = len(self._subjects) + 1
        self._owner[window][visible.view(np.bool_)] = number
        self._subjects.append(Subject(standing.label, number, cv2.countNonZero(silhouette), window))

    def _overlap(self, seen: Outline) -> tuple[Window, Window]:
        """Return where image and outline overlap: in the image's pixels, and in the outline's own."""
        rows = slice(max(seen.top, 0), min(seen.top + seen.height, self._lens.height))
        columns = slice(max(seen.left, 0), min(seen.left + seen.width, self._lens.width))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return (slice(0), slice(0)), (slice(0), slice(0))
        own_rows = slice(rows.start - seen.top, rows.stop - seen.top)
        own_columns = slice(columns.start - seen.left, columns.stop - seen.left)
        return (rows, columns), (own_rows, own_columns)

    def _draw(self, standing: Standing, seen: Outline, patch: Image) -> NDArray[np.uint8]:
        """Draw the parts into *patch*, and return where they are: 1 there, 0 elsewhere."""
        light = self._light_at(standing) * np.array(standing.figure.colours)
        colours = self._scene.exposure.develop(light).tolist()
        silhouette = np.zeros(patch.shape[:2], np.uint8)
        for part, hull in seen.hulls:
            cv2.fillConvexPoly(patch, hull, colours[part], cv2.LINE_AA, SUBPIXEL_BITS)
            cv2.fillConvexPoly(silhouette, hull, 1, cv2.LINE_8, SUBPIXEL_BITS)
        return silhouette

    def _light_at(self, standing: Standing) -> float:
        """Return how bright the lamps are where the feet are, or at the nearest point in view."""
        pixels, _ = self._lens.project(np.array([[standing.x, standing.y, 0.0]]))
        x, y = pixels[0].clip(0, (self._lens.width - 1, self._lens.height - 1)).astype(int)
        return float(self._scene.light[y, x])
