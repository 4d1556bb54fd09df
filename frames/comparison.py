"""
What two sides found in the same frames: two topics of results, or two models in one.

A frame is known by its record's identity, so the sides may come in any order and pace. Memory is
bounded by a fair sample: of all frames seen, those whose identities have the smallest hashes are kept,
for both sides alike. A frame that falls out never comes back in, so each side is read once.

Source: bottom-k sketches, Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from frames.outcome import Box, Detected, Detection, RecordId

MIN_IOU = 0.5
"""Two boxes of one label that overlap so much are one finding."""
EXAMPLES = 5
MODELS = 20
"""Models told of each side; somebody else may write into the topic, too."""


@dataclass(frozen=True, slots=True)
class LabelDifference:
    """One label; pairs are (A, B). What is matched counts over frames that both have."""

    label: str
    boxes_per_frame: tuple[float, float]
    """Over all frames that the side has: also of use where no frame is in both."""
    both: int
    """Boxes that both found."""
    only: tuple[int, int]
    score_difference: float | None
    """Mean of B's score less A's over `both`; None: there is none."""


@dataclass(frozen=True, slots=True)
class FrameDifference:
    """A frame in which the sides found different boxes."""

    record: RecordId
    frame_id: str
    camera: str
    only: tuple[tuple[Detection, ...], tuple[Detection, ...]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a comparison; pairs are (A, B)."""

    results: tuple[int, int]
    """Read, repeated ones too."""
    models: tuple[tuple[str, ...], tuple[str, ...]]
    """`name@digest`, the busiest first."""
    frames: int
    """Compared: all that were seen, or a sample of them."""
    sampled: bool
    both: int
    same: int
    """Of `both`: those in which each box of one side is one of the other's."""
    only: tuple[int, int]
    """Frames that the other side has passed and has no result of: expired or dead there, or lost."""
    apart: int
    """Frames of a partition and a time where the other side has not been, or not yet."""
    labels: tuple[LabelDifference, ...]
    """The most different first."""
    examples: tuple[FrameDifference, ...]
    """The most different first."""


@dataclass(frozen=True, slots=True)
class _Found:
    frame_id: str
    camera: str
    detections: tuple[Detection, ...]


@dataclass(slots=True)
class _Side:
    results: int = 0
    models: Counter[str] = field(default_factory=Counter)
    spans: dict[tuple[str, int], range] = field(default_factory=dict)
    """Offsets between the first and the last frame seen, by topic and partition."""

    def note(self, result: Detected) -> None:
        model = f"{result.model_name}@{result.model_digest}"
        if model in self.models or len(self.models) < MODELS:
            self.models[model] += 1
        self.results += 1
        place, offset = (result.record.topic, result.record.partition), result.record.offset
        span = self.spans.get(place, range(offset, offset))
        self.spans[place] = range(min(span.start, offset), max(span.stop, offset + 1))

    def passed(self, record: RecordId) -> bool:
        return record.offset in self.spans.get((record.topic, record.partition), ())


class Comparison:
    """Takes the results of both sides as they come; keeps at most *limit* frames."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sides = _Side(), _Side()
        self._frames: dict[RecordId, list[_Found | None]] = {}
        self._largest: list[tuple[int, RecordId]] = []
        """A heap: the frame with the largest hash first, since hashes are negated."""
        self._sampled = False

    def add(self, side: int, result: Detected) -> None:
        """Take *result* of *side*, 0 or 1; of two results of one frame the last counts."""
        self._sides[side].note(result)
        record = result.record
        if record not in self._frames and not self._admitted(record):
            return
        self._frames[record][side] = _Found(result.frame_id, result.camera, result.detections)

    def _admitted(self, record: RecordId) -> bool:
        entry = -_hash(record), record
        if len(self._frames) < self._limit:
            heapq.heappush(self._largest, entry)
        else:
            self._sampled = True
            out = heapq.heappushpop(self._largest, entry)
            if out == entry:
                return False
            del self._frames[out[1]]
        self._frames[record] = [None, None]
        return True

    def summary(self) -> Summary:
        """What there is to say now."""
        a, b = self._sides
        both, only, apart, same = 0, [0, 0], 0, 0
        tally = _Tally()
        differences = []
        for record, (of_a, of_b) in self._frames.items():
            tally.count(of_a, of_b)
            if of_a and of_b:
                both += 1
                pairs = matched(of_a.detections, of_b.detections)
                alone = (
                    _without(of_a.detections, {i for i, _ in pairs}),
                    _without(of_b.detections, {j for _, j in pairs}),
                )
                tally.compare([(of_a.detections[i], of_b.detections[j]) for i, j in pairs], alone)
                if any(alone):
                    differences.append(FrameDifference(record, of_a.frame_id, of_a.camera, alone))
                else:
                    same += 1
            elif self._sides[1 if of_a else 0].passed(record):
                only[0 if of_a else 1] += 1
            else:
                apart += 1
        most = heapq.nsmallest(EXAMPLES, differences, lambda one: (-sum(map(len, one.only)), one.record))
        return Summary(
            (a.results, b.results),
            (_names(a.models), _names(b.models)),
            len(self._frames),
            self._sampled,
            both,
            same,
            (only[0], only[1]),
            apart,
            tuple(tally.labels()),
            tuple(most),
        )


class _Tally:
    """Counts boxes by label."""

    def __init__(self) -> None:
        self._frames = [0, 0]
        self._boxes: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        self._only: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        self._differences: defaultdict[str, list[float]] = defaultdict(list)

    def count(self, *found: _Found | None) -> None:
        for side, one in enumerate(found):
            if one:
                self._frames[side] += 1
                self._boxes[side].update(detection.label for detection in one.detections)

    def compare(
        self, pairs: Sequence[tuple[Detection, Detection]], alone: Sequence[Sequence[Detection]]
    ) -> None:
        for one, other in pairs:
            self._differences[one.label].append(other.score - one.score)
        for side, detections in enumerate(alone):
            self._only[side].update(detection.label for detection in detections)

    def labels(self) -> list[LabelDifference]:
        def of(label: str) -> LabelDifference:
            scores = self._differences[label]
            return LabelDifference(
                label,
                (self._rate(0, label), self._rate(1, label)),
                len(scores),
                (self._only[0][label], self._only[1][label]),
                sum(scores) / len(scores) if scores else None,
            )

        found = [of(label) for label in self._boxes[0].keys() | self._boxes[1].keys()]
        return sorted(found, key=lambda one: (-sum(one.only), -max(one.boxes_per_frame), one.label))

    def _rate(self, side: int, label: str) -> float:
        return self._boxes[side][label] / max(self._frames[side], 1)


def matched(a: Sequence[Detection], b: Sequence[Detection]) -> list[tuple[int, int]]:
    """
    Which of *a* is which of *b*, as pairs of their places: the largest overlap first, each at most once.

    >>> one, other = Detection("cart", 0, 0.9, (0, 0, 10, 10)), Detection("cart", 0, 0.7, (0, 0, 10, 8))
    >>> matched([one], [other])
    [(0, 0)]
    """
    candidates = [
        (-overlap, i, j)
        for i, one in enumerate(a)
        for j, other in enumerate(b)
        if one.label == other.label and (overlap := iou(one.box, other.box)) >= MIN_IOU
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(candidates):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return sorted(pairs.items())


def iou(one: Box, other: Box) -> float:
    """
    Area of the intersection over that of the union.

    >>> iou((0, 0, 2, 1), (1, 0, 3, 1)) == 1 / 3, iou((0, 0, 1, 1), (5, 5, 6, 6))
    (True, 0.0)
    """
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else 0.0


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _without(detections: Sequence[Detection], places: Collection[int]) -> tuple[Detection, ...]:
    return tuple(found for place, found in enumerate(detections) if place not in places)


def _names(models: Counter[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in models.most_common())


def _hash(record: RecordId) -> int:
    return int.from_bytes(blake2b(str(record).encode(), digest_size=8).digest(), "big")
