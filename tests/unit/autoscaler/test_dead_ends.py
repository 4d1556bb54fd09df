"""Ideas that did not work, each with what must not come back."""

from dataclasses import replace

import pytest

from autoscaler.decision import Memory
from autoscaler.demand import demand
from autoscaler.lookahead import cheapest, look_ahead
from autoscaler.observation import Start
from autoscaler.policy import decide
from tests.unit.autoscaler.sights import BUSY, FLOODED, FROM_ZERO, NOW, PARAMS, SETTLED


def test_three_late_records_do_not_start_a_dozen_workers():
    """Missing nothing that could be avoided, at any price, goes from 1 to 12 for them."""
    ages = ((118.0, 1), (60.0, 3), (10.0, 16))
    behind = replace(
        BUSY, ready=1, arrival_rate=1.0, oldest_age=118.0, lag=(1,) * 20 + (0,) * 4, backlog_ages=ages
    )

    decision, _ = decide(behind, replace(SETTLED, replicas=1, ready=1), PARAMS)

    assert decision.replicas <= 2


def test_when_all_is_late_already_nothing_is_put_off():
    """Waiting a tick adds no late record then, nor does waiting for ever: the time of lateness counts too."""
    decision, _ = decide(FLOODED, SETTLED, PARAMS)

    assert decision.replicas > 2


@pytest.mark.parametrize("delay_s", [0.1, 0.5, 2.0])
def test_a_start_put_off_by_less_than_a_step_has_its_price(delay_s):
    """Rounded to steps, it looks free."""
    work = demand(FLOODED, PARAMS)

    now, later = (cheapest(look_ahead(FLOODED, work, PARAMS, delay)) for delay in (0.0, delay_s))

    assert later.cost > now.cost


def test_nobody_is_released_while_a_backlog_is_worked_off():
    """The fleet saw-tooths otherwise."""
    draining = replace(BUSY, ready=8, lag=(10,) * 24, oldest_age=70.0, backlog_ages=((70.0, 240),))

    decision, _ = decide(draining, replace(SETTLED, replicas=8, ready=8), PARAMS)

    assert decision.replicas == 8


def test_whether_a_record_is_late_does_not_depend_on_where_the_grid_of_instants_lies():
    """Four records just in time were late at every other tick; starts were ordered and cancelled."""
    missed = set()
    for tick in range(10):
        old = 40.0 + 2.0 * tick
        waking = replace(
            FROM_ZERO,
            oldest_age=old,
            lag=(1,) * 4 + (0,) * 20,
            backlog_ages=((old, 4),),
            starting=(Start(2.0 * tick),),
        )
        params = PARAMS.model_copy(update={"slo_s": 120.0})
        missed.add(round(look_ahead(waking, demand(waking, params), params)[0].missed, 2))

    assert missed == {0.0}


def test_a_start_that_says_it_takes_long_does_not_make_the_plan_more_daring():
    """To plan with every start as it says leaves no slack for a surge: less is spent, far more is late."""
    starting = replace(BUSY, starting=(Start(20.0), Start(20.0)))
    told = replace(starting, starting=(Start(20.0, 12.0), Start(20.0, 30.0)))

    blind, informed = (
        {o.replicas: o for o in look_ahead(seen, demand(seen, PARAMS), PARAMS)} for seen in (starting, told)
    )

    assert all(informed[n].missed <= blind[n].missed for n in blind)


@pytest.mark.parametrize("age", [0.0, 2.0, 20.0])
def test_the_only_start_is_not_cancelled(age):
    """It would be ordered again at the next tick, for ever."""
    waking = replace(FROM_ZERO, starting=(Start(age),))

    decision, _ = decide(waking, Memory(1), PARAMS)

    assert decision.replicas == 1


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([replace(BUSY, arrival_rate=rate) for rate in (1.0, 2.0, 2.9)], id="a rising rate"),
        pytest.param([replace(BUSY, oldest_age=500.0) for _ in range(3)], id="records that were late"),
    ],
)
def test_neither_a_trend_nor_past_lateness_changes_a_decision(history):
    """Extrapolating the rate hurt on every trace; a loop on the error budget over-reacted."""
    memory = SETTLED
    for ago, seen in zip((6.0, 4.0, 2.0), history, strict=True):
        _, memory = decide(replace(seen, at=NOW - ago), memory, PARAMS)

    after, _ = decide(BUSY, replace(memory, replicas=2), PARAMS)

    assert after == decide(BUSY, SETTLED, PARAMS)[0]
