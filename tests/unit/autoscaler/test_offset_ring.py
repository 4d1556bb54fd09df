import pytest

from autoscaler.offset_ring import OffsetRing


def after(*readings: tuple[float, tuple[int, ...]]) -> OffsetRing:
    ring = OffsetRing()
    for at, offsets in readings:
        ring.add(at, offsets)
    return ring


@pytest.mark.parametrize(
    ("readings", "rate"),
    [
        pytest.param([], None, id="no reading says nothing"),
        pytest.param([(0.0, (5, 5))], None, id="one reading says nothing"),
        pytest.param([(0.0, (5, 5)), (1.0, (5, 5))], 0.0, id="nothing arrived"),
        pytest.param([(0.0, (0, 0)), (2.0, (10, 30))], 20.0, id="all partitions count"),
        pytest.param([(0.0, (0,)), (8.0, (0,)), (10.0, (10,))], 5.0, id="only the window counts"),
        pytest.param([(0.0, (0,)), (100.0, (10,))], None, id="no earlier reading in the window"),
        pytest.param([(0.0, (0,)), (0.1, (50,))], None, id="a tenth of a second is not the traffic"),
        pytest.param([(0.0, (50,)), (1.0, (3,))], None, id="a topic created anew starts anew"),
        pytest.param([(0.0, (5,)), (1.0, (5, 0))], None, id="a new partition starts anew"),
    ],
)
def test_the_rate_is_that_of_the_window(readings, rate):
    assert after(*readings).rate(window_s=3.0) == rate


def test_no_rate_is_taken_across_what_was_forgotten():
    ring = after((0.0, (5,)))

    ring.clear()
    ring.add(1.0, (9,))

    assert ring.rate(window_s=3.0) is None
