import pytest

from autoscaler.demand import demand
from autoscaler.keep_alive import keep_alive_s
from tests.unit.autoscaler.sights import PARAMS, QUIET

TIGHT = PARAMS.model_copy(update={"slo_s": 45.0})
"""A usual start takes 33 s, which is in time; one in ten takes 43 s, which is not."""
WORK = demand(QUIET, TIGHT)


@pytest.mark.parametrize(
    ("gaps", "least", "most"),
    [
        pytest.param((), 33.0, 40.0, id="without gaps, what a start is worth"),
        pytest.param((1.0,) * 20, 900.0, 900.0, id="among short gaps it never leaves"),
        pytest.param((3600.0,) * 20, 0.0, 0.0, id="among long gaps it leaves at once"),
        pytest.param((1.0,) * 15 + (3600.0,) * 5, 2.0, 2.0, id="it outlasts the short ones of a mixture"),
    ],
)
def test_the_last_replica_stays_as_long_as_the_gaps_make_it_worth(gaps, least, most):
    assert least <= keep_alive_s(gaps, WORK, TIGHT) <= most


def test_it_never_stays_longer_than_allowed():
    assert keep_alive_s((1.0,) * 20, WORK, TIGHT.model_copy(update={"keep_alive_s": 8.0})) == 8.0


def test_where_a_usual_start_makes_late_it_stays_as_long_as_allowed():
    assert keep_alive_s((3600.0,) * 20, WORK, PARAMS.model_copy(update={"slo_s": 30.0})) == 900.0


def test_a_goal_that_lets_the_next_record_wait_makes_leaving_worth_it():
    patient = PARAMS.model_copy(update={"slo_s": 300.0})

    assert keep_alive_s((1.0,) * 20, demand(QUIET, patient), patient) == 0.0
