"""How good a detector is on labelled images, measured through the very code that workers run."""

from collections.abc import Sequence

from workers.detector import Detector
from workers.training.dataset import Example
from workers.training.evaluate import Box, MeanAveragePrecision, mean_average_precision


def measure(detector: Detector, examples: Sequence[Example], labels: Sequence[str]) -> MeanAveragePrecision:
    """
    Run *detector* over *examples*, and compare.

    The detector's least score should be near 0: what it cuts off is missing from the tail of the
    precision-recall curve.

    Raises:
        DetectorError: See `Detector.detect`.
        ValueError: The detector knows a label that is not in *labels*, or no example has an object.
    """
    found = [detector.detect([example.image()])[0] for example in examples]
    return mean_average_precision(
        truths=[_truths(example, labels) for example in examples],
        detections=[[(d.label, d.score, d.box) for d in detections] for detections in found],
        labels=labels,
    )


def _truths(example: Example, labels: Sequence[str]) -> list[tuple[str, Box]]:
    rows = zip(example.classes.tolist(), example.boxes.tolist(), strict=True)
    return [(labels[class_id], (x1, y1, x2, y2)) for class_id, (x1, y1, x2, y2) in rows]
