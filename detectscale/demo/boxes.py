"""
What `--save` writes: frames with the boxes that came out of Kafka.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2

from detectscale.demo.reel import Shot
from frames.image import decode
from frames.outcome import Detected

SAVED = 12
"""Frames written."""
COLOURS = ((60, 200, 60), (40, 140, 255), (255, 120, 60), (200, 60, 200), (60, 220, 220))
"""By class id; (blue, green, red), 0 to 255."""


def save_some(folder: Path, shots: Sequence[tuple[Shot, Detected]]) -> None:
    """Write SAVED of *shots*, spread over the run, into *folder*; it is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for shot, detected in shots[:: max(len(shots) // SAVED, 1)][:SAVED]:
        picture = cv2.cvtColor(decode(shot.image), cv2.COLOR_RGB2BGR)
        for found in detected.detections:
            colour = COLOURS[found.class_id % len(COLOURS)]
            x1, y1, x2, y2 = (round(side) for side in found.box)
            cv2.rectangle(picture, (x1, y1), (x2, y2), colour, 2)
            label = f"{found.label} {found.score:.2f}"
            cv2.putText(
                picture,
                label,
                (x1 + 2, max(y1 - 4, 12)),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.45,
                colour,
                1,
                cv2.LINE_AA,
            )
        cv2.imwrite(
            str(folder / f"{detected.camera}-{detected.record.partition}-{detected.record.offset}.jpg"),
            picture,
        )
