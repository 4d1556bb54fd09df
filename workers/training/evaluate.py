"""
How good detections are, against a known truth: mean average precision, as COCO defines it.

An object counts as found when a detection of its label overlaps it by an IoU threshold;
average precision is the area under precision over recall, interpolated at 101 points.
`map50` uses the threshold 0.5, `map50_95` the mean over 0.50, 0.55, ... 0.95.

Source: the COCO detection challenge, and its reference implementation pycocotools.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""

MAX_DETECTIONS = 300
"""
Best detections per image and label that count, COCO's `maxDets`. COCO's own 100 is enough for
its pictures; 300 is what the model can emit, so that here nothing is cut off unseen.
"""


@dataclass(frozen=True, slots=True)
class MeanAveragePrecision:
    """Average precisions in 0..1; a label that no image contains is left out of both means."""

    map50: float
    map50_95: float
    ap50_by_label: dict[str, float]
    """At IoU 0.5, for the labels that occur."""


def mean_average_precision(
    truths: Sequence[Sequence[tuple[str, Box]]],
    detections: Sequence[Sequence[tuple[str, float, Box]]],
    labels: Sequence[str],
) -> MeanAveragePrecision:
    """
    Compare *detections* (label, score, box) with *truths* (label, box), one sequence per image.

    Raises:
        ValueError: The two differ in the number of images, a label is not in *labels*, or no
            image contains anything.
    """
    if len(truths) != len(detections):
        raise ValueError(f"{len(truths)} images with truths, but {len(detections)} with detections")
    unknown = {row[0] for images in (truths, detections) for image in images for row in image} - set(labels)
    if unknown:
        raise ValueError(f"labels {sorted(unknown)} are not among {list(labels)}")
    if not any(truths):
        raise ValueError("no image contains anything: average precision is not defined")
    precision = _precision(_annotations(truths, labels), _results(detections, labels), len(truths), labels)
    by_label = {label: precision[:, :, i] for i, label in enumerate(labels) if precision[0, 0, i] >= 0}
    return MeanAveragePrecision(
        map50=float(np.mean([p[0].mean() for p in by_label.values()])),
        map50_95=float(np.mean([p.mean() for p in by_label.values()])),
        ap50_by_label={label: float(p[0].mean()) for label, p in by_label.items()},
    )


def _precision(
    annotations: list[dict[str, Any]], results: list[dict[str, Any]], images: int, labels: Sequence[str]
) -> Any:
    """Return precision by (IoU threshold, recall, label), (10, 101, L); -1 where a label does not occur."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth, found = COCO(), COCO()
        categories = [{"id": i, "name": label} for i, label in enumerate(labels)]
        for coco, boxes in ((truth, annotations), (found, results)):
            coco.dataset = {
                "images": [{"id": i} for i in range(images)],
                "categories": categories,
                "annotations": boxes,
            }
            coco.createIndex()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.params.maxDets = [MAX_DETECTIONS]
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"][:, :, :, 0, 0]


def _annotations(truths: Sequence[Sequence[tuple[str, Box]]], labels: Sequence[str]) -> list[dict[str, Any]]:
    rows = [(image, label, box) for image, objects in enumerate(truths) for label, box in objects]
    return [_annotation(number, *row, labels) for number, row in enumerate(rows, FIRST_ID)]


def _results(
    detections: Sequence[Sequence[tuple[str, float, Box]]], labels: Sequence[str]
) -> list[dict[str, Any]]:
    rows = [(image, *found) for image, objects in enumerate(detections) for found in objects]
    return [
        {**_annotation(number, image, label, box, labels), "score": score}
        for number, (image, label, score, box) in enumerate(rows, FIRST_ID)
    ]


FIRST_ID = 1
"""pycocotools writes 0 for "matched nothing", so no object may have that id."""


def _annotation(number: int, image: int, label: str, box: Box, labels: Sequence[str]) -> dict[str, Any]:
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    return {
        "id": number,
        "image_id": image,
        "category_id": labels.index(label),
        "bbox": [x1, y1, width, height],
        "area": width * height,
        "iscrowd": 0,
    }
