import pytest

from autoscaler.arrivals import Arrivals, Bracket


def after(*readings: tuple[float, tuple[int, ...]]) -> Arrivals:
    arrivals = Arrivals()
    for at, ends in readings:
        arrivals.add(at, ends)
    return arrivals


@pytest.mark.parametrize(
    ("offset", "bracket"),
    [
        pytest.param(4, Bracket(0.0, 10.0), id="before the first reading"),
        pytest.param(5, Bracket(10.0, 11.0), id="first of an interval"),
        pytest.param(8, Bracket(10.0, 11.0), id="last of an interval"),
        pytest.param(9, Bracket(12.0, 13.0), id="a silence ends at its last reading"),
    ],
)
def test_an_append_lies_between_two_readings(offset, bracket):
    arrivals = after((10.0, (5,)), (11.0, (9,)), (12.0, (9,)), (13.0, (20,)))

    assert arrivals.appended(0, offset) == bracket


def test_an_offset_beyond_the_end_has_no_append():
    with pytest.raises(ValueError, match="offset 5 of partition 0"):
        after((10.0, (5,))).appended(0, 5)


@pytest.mark.parametrize(
    ("next_offsets", "ages"),
    [
        pytest.param([20, 9], (), id="nothing waits"),
        pytest.param([12, 9], ((1.0, 8),), id="some of the last interval"),
        pytest.param([6, 4], ((1.0, 11), (3.0, 8)), id="all partitions count"),
        pytest.param([5, 0], ((1.0, 11), (3.0, 9), (3.5, 4)), id="from the second reading on"),
        pytest.param([4, 9], None, id="one was there before the first reading"),
    ],
)
def test_the_backlog_has_its_ages_from_the_readings(next_offsets, ages):
    arrivals = after((9.5, (5, 0)), (10.0, (5, 4)), (11.0, (9, 9)), (12.0, (9, 9)), (13.0, (20, 9)))

    assert arrivals.ages(next_offsets) == ages
