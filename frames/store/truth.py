"""What a frame of the store shows, known exactly because it was drawn."""

from dataclasses import dataclass

LABELS = ("person", "cart", "shelf_gap")
"""The labels in the order of their class ids."""

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the image; the right and lower edges are exclusive."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One object that can be seen in the frame."""

    label: str
    """One of `LABELS`."""
    box: Box
    """The smallest box around the pixels of the object that are visible: 0 <= x1 < x2 <= width."""
