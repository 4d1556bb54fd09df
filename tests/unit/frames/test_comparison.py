"""What two sides found in the same frames."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.comparison import Comparison, iou, matched
from frames.outcome import Detected, Detection, RecordId

LEFT, RIGHT = (0.0, 0.0, 10.0, 10.0), (50.0, 0.0, 60.0, 10.0)
A, B = 0, 1


def found(label: str = "person", box=LEFT, score: float = 0.9) -> Detection:
    return Detection(label, 0, score, box)


def result(offset: int, *detections: Detection, partition: int = 0, digest: str = "aa") -> Detected:
    record = RecordId("frames", partition, offset)
    size = 640, 480
    return Detected(
        record, f"door-{offset}", "door", "/door", 1.0, *size, "nano", digest, detections, {}, "w", 2.0
    )


def compared(a, b, limit: int = 1000):
    comparison = Comparison(limit)
    for side, results in ((A, a), (B, b)):
        for one in results:
            comparison.add(side, one)
    return comparison.summary()


def test_the_same_boxes_are_no_difference():
    results = [result(n, found(), found("cart", RIGHT)) for n in range(10)]

    summary = compared(results, results)

    assert (summary.frames, summary.both, summary.same) == (10, 10, 10)
    assert summary.examples == ()
    assert {row.label: (row.both, row.only, row.score_difference) for row in summary.labels} == {
        "person": (10, (0, 0), 0.0),
        "cart": (10, (0, 0), 0.0),
    }


@pytest.mark.parametrize(
    ("other", "both", "only", "difference"),
    [
        pytest.param([found(score=0.7)], 1, (0, 0), -0.2, id="another score"),
        pytest.param(
            [found(box=(0.0, 0.0, 10.0, 6.0))], 1, (0, 0), 0.0, id="a box that overlaps by more than half"
        ),
        pytest.param([found(box=(0.0, 0.0, 10.0, 4.0))], 0, (1, 1), None, id="a box that overlaps by less"),
        pytest.param([], 0, (1, 0), None, id="nothing"),
        pytest.param([found(), found()], 1, (0, 1), 0.0, id="the same twice"),
        pytest.param([found(), found(box=RIGHT)], 1, (0, 1), 0.0, id="one more"),
    ],
)
def test_a_label_says_what_both_found_and_what_one_alone(other, both, only, difference):
    (row,) = compared([result(0, found())], [result(0, *other)]).labels

    assert (row.both, row.only) == (both, only)
    assert row.score_difference == pytest.approx(difference)


def test_another_label_in_the_same_place_is_another_finding():
    summary = compared([result(0, found("person"))], [result(0, found("cart"))])

    assert [(row.label, row.both, row.only) for row in summary.labels] == [
        ("cart", 0, (0, 1)),
        ("person", 0, (1, 0)),
    ]


def test_the_largest_overlap_is_the_pair():
    near, far = found(box=(0.0, 0.0, 10.0, 9.0)), found(box=(0.0, 0.0, 10.0, 6.0))

    assert matched([found()], [far, near]) == [(0, 1)]


def test_a_frame_that_the_other_side_has_passed_is_only_in_one():
    summary = compared([result(n) for n in range(5)], [result(n) for n in (0, 1, 4)])

    assert (summary.both, summary.only, summary.apart) == (3, (2, 0), 0)


def test_frames_that_the_other_side_has_not_reached_are_no_difference():
    behind = compared([result(n) for n in range(5)], [result(n) for n in range(2)])
    elsewhere = compared([result(n) for n in range(5)], [result(n, partition=1) for n in range(5)])

    assert (behind.both, behind.only, behind.apart) == (2, (0, 0), 3)
    assert (elsewhere.both, elsewhere.only, elsewhere.apart) == (0, (0, 0), 10)


def test_a_canary_shares_no_frame_and_is_compared_by_boxes_per_frame():
    stable = [result(n, found(), found("cart", RIGHT)) for n in range(8)]
    canary = [result(n, found(), partition=1, digest="bb") for n in range(4)]

    summary = compared(stable, canary)

    assert {row.label: row.boxes_per_frame for row in summary.labels} == {
        "person": (1.0, 1.0),
        "cart": (1.0, 0.0),
    }
    assert summary.models == (("nano@aa",), ("nano@bb",))


def test_the_frames_with_most_differences_are_the_examples():
    count = 20
    a = [result(n, *[found()] * n) for n in range(count)]

    summary = compared(a, [result(n) for n in range(count)])

    assert [one.record.offset for one in summary.examples] == [19, 18, 17, 16, 15]
    assert [len(side) for side in summary.examples[0].only] == [19, 0]
    assert summary.same == 1


def test_a_repeated_result_replaces_the_first():
    summary = compared([result(0), result(0, found())], [result(0, found())])

    assert (summary.results, summary.frames, summary.same) == ((2, 1), 1, 1)


@given(st.integers(1, 200), st.randoms())
def test_a_sample_keeps_both_sides_of_each_of_its_frames_in_whatever_order_they_come(limit, rng):
    arrivals = [(side, result(n)) for side in (A, B) for n in range(200)]
    rng.shuffle(arrivals)
    comparison = Comparison(limit)
    for side, one in arrivals:
        comparison.add(side, one)

    summary = comparison.summary()

    assert (summary.frames, summary.both, summary.only) == (limit, limit, (0, 0))
    assert summary.sampled == (limit < 200)
    assert summary.results == (200, 200)


def test_a_sample_is_fair():
    frames = 20_000
    rng = random.Random(7)
    differs = [rng.random() < 0.3 for _ in range(frames)]

    summary = compared(
        [result(n, found()) for n in range(frames)],
        [result(n) if differs[n] else result(n, found()) for n in range(frames)],
        limit=2000,
    )

    assert 1 - summary.same / summary.both == pytest.approx(0.3, abs=0.04)


coordinates = st.floats(0, 1e6, allow_nan=False)


@given(st.tuples(*[coordinates] * 4), st.tuples(*[coordinates] * 4))
def test_the_overlap_is_symmetric_and_a_share(a, b):
    one, other = ((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)) for x1, y1, x2, y2 in (a, b))

    assert iou(one, other) == iou(other, one)
    assert 0 <= iou(one, other) <= 1
