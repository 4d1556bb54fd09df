import io
from contextlib import redirect_stdout

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.training.evaluate import mean_average_precision

LABELS = ("person", "cart")
edges = st.floats(0, 100).map(lambda edge: round(edge, 2))
boxes = st.tuples(edges, edges, st.floats(5, 50), st.floats(5, 50)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
truths = st.lists(
    st.lists(st.tuples(st.sampled_from(LABELS), boxes), max_size=5), min_size=1, max_size=4
).filter(any)

BOX, ELSEWHERE = (10.0, 10.0, 30.0, 50.0), (100.0, 100.0, 120.0, 140.0)


@given(truths)
@settings(max_examples=30, deadline=None)
def test_finding_everything_exactly_is_perfect(truths):
    found = [[(label, 0.9, box) for label, box in image] for image in truths]

    result = mean_average_precision(truths, found, LABELS)

    assert result.map50 == pytest.approx(1)
    assert result.map50_95 == pytest.approx(1)
    assert set(result.ap50_by_label) == {label for image in truths for label, _ in image}


@given(truths)
@settings(max_examples=20, deadline=None)
def test_finding_nothing_is_worth_nothing(truths):
    result = mean_average_precision(truths, [[] for _ in truths], LABELS)

    assert (result.map50, result.map50_95) == (0, 0)


def test_half_of_the_objects_give_half_of_the_area():
    """One of two is found: precision 1 up to recall 0.5, of 101 points 51 are 0, 0.01 .. 0.5."""
    truths = [[("person", BOX), ("person", ELSEWHERE)]]

    result = mean_average_precision(truths, [[("person", 0.9, BOX)]], LABELS)

    assert result.map50 == pytest.approx(51 / 101)


def test_a_false_alarm_counts_only_if_it_scores_higher():
    truths = [[("person", BOX)]]
    below = [[("person", 0.9, BOX), ("person", 0.8, ELSEWHERE)]]
    above = [[("person", 0.9, BOX), ("person", 0.95, ELSEWHERE)]]

    assert mean_average_precision(truths, below, LABELS).map50 == pytest.approx(1)
    assert mean_average_precision(truths, above, LABELS).map50 == pytest.approx(0.5)


def test_an_object_found_twice_is_a_false_alarm():
    truths = [[("person", BOX), ("person", ELSEWHERE)]]
    found = [[("person", 0.9, BOX), ("person", 0.8, BOX), ("person", 0.7, ELSEWHERE)]]

    result = mean_average_precision(truths, found, LABELS)

    assert result.map50 == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_the_right_box_with_the_wrong_label_is_not_found():
    result = mean_average_precision([[("person", BOX)]], [[("cart", 0.9, BOX)]], LABELS)

    assert result.ap50_by_label == {"person": 0}


def test_a_loose_box_counts_at_the_loose_thresholds_only():
    """IoU 40 / 60: found at 0.50, 0.55, 0.60 and 0.65, so at 4 of 10 thresholds."""
    loose = (10.0, 10.0, 30.0, 70.0)

    result = mean_average_precision([[("person", BOX)]], [[("person", 0.9, loose)]], LABELS)

    assert result.map50 == pytest.approx(1)
    assert result.map50_95 == pytest.approx(0.4)


def test_the_first_object_of_all_counts():
    """pycocotools takes an id of 0 for "not matched"."""
    assert mean_average_precision(
        [[("person", BOX)]], [[("person", 0.9, BOX)]], LABELS
    ).map50 == pytest.approx(1)


def test_more_than_a_hundred_detections_count():
    many = [("person", (10.0 * i, 0.0, 10.0 * i + 8, 20.0)) for i in range(150)]

    result = mean_average_precision([many], [[(label, 0.9, box) for label, box in many]], LABELS)

    assert result.map50 == pytest.approx(1)


def test_nothing_is_printed():
    with redirect_stdout(io.StringIO()) as printed:
        mean_average_precision([[("person", BOX)]], [[]], LABELS)

    assert printed.getvalue() == ""


@pytest.mark.parametrize(
    ("truths", "detections", "message"),
    [
        pytest.param([[("person", BOX)]], [], "1 images with truths, but 0", id="lengths-differ"),
        pytest.param([[]], [[]], "no image contains anything", id="nothing-to-find"),
        pytest.param([[("dog", BOX)]], [[]], "dog", id="unknown-label"),
    ],
)
def test_what_cannot_be_measured_is_an_error(truths, detections, message):
    with pytest.raises(ValueError, match=message):
        mean_average_precision(truths, detections, LABELS)
