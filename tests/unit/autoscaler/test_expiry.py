from dataclasses import replace

import numpy as np
import pytest

from autoscaler.decision import Memory
from autoscaler.expiry import unexpired
from autoscaler.observation import Start
from autoscaler.policy import decide
from autoscaler.simulation.candidates import CANDIDATES
from autoscaler.simulation.run import run
from tests.unit.autoscaler.sights import BUSY, FLOODED, FROM_ZERO, PARAMS, SETTLED
from tests.unit.autoscaler.simulation.worlds import workload

DROPPING = PARAMS.model_copy(update={"max_age_s": 90.0})
NOBODY = replace(BUSY, ready=0, in_flight=0)


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        pytest.param(BUSY, {10, 56, 80}, id="all that has not expired, where somebody takes it"),
        pytest.param(NOBODY, {10, 56}, id="what outlasts a start of 33 s"),
        pytest.param(replace(NOBODY, starting=(Start(15.0),)), {10, 56}, id="the rest of one"),
        pytest.param(replace(NOBODY, starting=(Start(25.0, 2.0),)), {10, 56, 80}, id="as it says"),
    ],
)
def test_what_will_have_expired_is_no_demand(seen, kept):
    ages = ((10.0, 20), (56.0, 10), (80.0, 10), (91.0, 8))

    after = unexpired(replace(seen, backlog_ages=ages, oldest_age=91.0), DROPPING)

    assert {age for age, _ in after.backlog_ages} == kept
    assert after.oldest_age == max(kept)
    assert after.waiting == sum(count for age, count in ages if age in kept)


@pytest.mark.parametrize(
    ("seen", "params"),
    [
        pytest.param(FLOODED, PARAMS, id="nothing expires"),
        pytest.param(replace(FLOODED, backlog_ages=None), DROPPING, id="ages are not known"),
    ],
)
def test_what_is_not_known_to_expire_counts(seen, params):
    assert unexpired(seen, params) == seen


def test_where_no_record_outlasts_a_start_each_counts_until_it_has_expired():
    hurried = PARAMS.model_copy(update={"max_age_s": 20.0, "slo_s": 20.0})

    assert unexpired(FROM_ZERO, hurried).waiting == 1
    assert decide(FROM_ZERO, Memory(0), hurried)[0].replicas == 1


@pytest.mark.parametrize(
    ("seen", "memory", "replicas"),
    [
        pytest.param(replace(FLOODED, ready=0, in_flight=0), Memory(0), 0, id="they start nobody"),
        pytest.param(FLOODED, SETTLED, 2, id="they buy no replica"),
        pytest.param(
            replace(FLOODED, ready=6, arrival_rate=1.0, in_flight=0),
            replace(SETTLED, replicas=6, ready=6),
            1,
            id="they hold none but the last, which gives them their outcome",
        ),
        pytest.param(
            replace(FLOODED, ready=0, in_flight=0, arrival_rate=0.0, starting=(Start(20.0),)),
            Memory(1),
            1,
            id="a start is seen through for them",
        ),
        pytest.param(
            replace(FLOODED, ready=0, in_flight=3), Memory(0), 1, id="what is in flight is not left"
        ),
    ],
)
def test_expired_records(seen, memory, replicas):
    assert decide(seen, memory, DROPPING)[0].replicas == replicas


def test_a_backlog_that_expired_overnight_costs_no_more_than_the_records_that_are_fresh():
    """Nobody could be there for 300 records at once; those of a later burst are all that is left to serve."""
    late = np.linspace(400.0, 460.0, 30)
    alone, after_flood = (
        workload(arrivals, max_age_s=25.0, slo_s=25.0, max_replicas=1)
        for arrivals in (np.array([0.0, *late]), np.concatenate((np.zeros(300), late)))
    )
    scaler = CANDIDATES["deadline-drain"](alone)[0].scaler

    quiet, flooded = run(alone, scaler, seed=0), run(after_flood, scaler, seed=0)

    dropped = np.isinf(flooded.done_at)
    assert 200 < dropped.sum() <= 300
    assert not dropped[300:].any()
    paid = [(each.gone_at - each.created_at).sum() for each in (quiet, flooded)]
    assert paid[1] <= paid[0] + 25.0
