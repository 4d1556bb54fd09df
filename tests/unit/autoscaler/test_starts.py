import pytest

from autoscaler.demand import demand
from autoscaler.observation import Start
from autoscaler.starts import expected_s, latest_s
from tests.unit.autoscaler.sights import BUSY, PARAMS

WORK = demand(BUSY, PARAMS)
"""A start takes 30 s, one in ten 40 s."""


@pytest.mark.parametrize(
    ("start", "expected", "latest"),
    [
        pytest.param(Start(10.0), 20, 30, id="by its age"),
        pytest.param(Start(60.0), 0, 9, id="longer than any"),
        pytest.param(Start(10.0, 4.0), 4, 10, id="sooner, as it says, with a reserve"),
        pytest.param(Start(10.0, 50.0), 50, 30, id="what is bad news orders no other"),
    ],
)
def test_a_start_is_over_after(start, expected, latest):
    assert expected_s(start, WORK) == pytest.approx(expected)
    assert latest_s(start, WORK) == pytest.approx(latest)
