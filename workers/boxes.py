"""
From a model's rows to detections in the image: the last step, the same for every engine.

A row is x1, y1, x2, y2 in pixels of the input, score, class id.
"""

import cv2
import numpy as np
import numpy.typing as npt

from frames.errors import ConfigError
from frames.outcome import Detection
from workers.letterbox import Letterbox

Rows = npt.NDArray[np.float32]
"""(N, 6)."""


def suppress(rows: Rows, max_iou: float) -> Rows:
    """
    Of rows of one class that overlap more than *max_iou*, keep the one of highest score.

    >>> same = [[0, 0, 10, 10, 0.5, 0], [0, 0, 10, 9, 0.9, 0], [0, 0, 10, 10, 0.4, 1]]
    >>> suppress(np.array(same, np.float32), 0.5)[:, 5].tolist()
    [0.0, 1.0]
    """
    corners = np.hstack([rows[:, :2], rows[:, 2:4] - rows[:, :2]])
    kept = cv2.dnn.NMSBoxesBatched(
        corners.tolist(), rows[:, 4].tolist(), rows[:, 5].astype(int).tolist(), 0.0, max_iou
    )
    best: Rows = rows[np.asarray(kept, dtype=int)]
    return best


def detections(rows: Rows, fit: Letterbox, labels: tuple[str, ...], most: int) -> tuple[Detection, ...]:
    """
    The best *most* of *rows* as detections in the image that *fit* describes, best score first.

    Raises:
        ConfigError: A class id has no label.
    """
    rows = rows[np.argsort(-rows[:, 4], kind="stable")][:most]
    if len(rows) and rows[:, 5].max() >= len(labels):
        unknown, known = int(rows[:, 5].max()), len(labels)
        raise ConfigError(f"model: it found class {unknown}, but its manifest names only {known} labels")
    boxes = fit.to_image(rows[:, :4]).astype(float).round(2).tolist()
    return tuple(
        Detection(labels[class_id], class_id, round(score, 4), (x1, y1, x2, y2))
        for (x1, y1, x2, y2), score, class_id in zip(
            boxes, rows[:, 4].tolist(), rows[:, 5].astype(int).tolist(), strict=True
        )
        if x1 < x2 and y1 < y2
    )
