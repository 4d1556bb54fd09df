from dataclasses import replace

import numpy as np
import pytest

from autoscaler.demand import demand
from autoscaler.lookahead import cheapest, look_ahead, missed_of, needed_by, served_by
from autoscaler.observation import Start
from tests.unit.autoscaler.sights import BUSY, FLOODED, PARAMS

WORK = demand(BUSY, PARAMS)
"""A record must be taken within 43.5 s; 3.3 arrive a second."""


@pytest.mark.parametrize(
    ("instant", "needed"),
    [
        pytest.param(0.0, 3, id="what is late already"),
        pytest.param(23.4, 3, id="not yet the next"),
        pytest.param(23.6, 8, id="the next when its time is up"),
        pytest.param(43.5, 10, id="all that waits"),
        pytest.param(53.5, 43, id="and what arrives in the next 10 s"),
    ],
)
def test_the_age_profile_says_what_must_be_taken_by_when(instant, needed):
    seen = replace(BUSY, backlog_ages=((50.0, 3), (20.0, 5), (0.0, 2)))

    assert needed_by(seen, WORK, np.array([instant]))[0] == pytest.approx(needed)


def test_without_a_profile_all_that_waits_is_as_old_as_the_oldest():
    assert needed_by(replace(BUSY, backlog_ages=None), WORK, np.array([41.4, 41.6])).tolist() == [0, 48]


def test_no_more_is_served_than_there_is():
    work = replace(WORK, waiting=10, arrival_rate=1.0)
    instants = np.array([0.0, 1.0, 2.0, 3.0])

    served = served_by(np.array([0.0, 5.0, 20.0, 25.0]), work, instants)

    assert served.tolist() == [0.0, 5.0, 12.0, 13.0]


@pytest.mark.parametrize(
    ("served_a_second", "missed"),
    [
        pytest.param(10.0, 3, id="only what was late before"),
        pytest.param(8 / 23.5, 3, id="in time to the second"),
        pytest.param(7.5 / 23.5, 3.5, id="half a record too slow"),
        pytest.param(0.0, 10, id="all"),
    ],
)
def test_a_group_is_missed_by_what_was_not_taken_when_its_own_time_was_up(served_a_second, missed):
    seen = replace(BUSY, backlog_ages=((50.0, 3), (20.0, 5), (0.0, 2)))
    work = replace(WORK, arrival_rate=0.0)
    instants = np.linspace(0.0, 90.0, 41)

    records = missed_of(served_a_second * instants[np.newaxis], seen, work, instants)

    assert records == pytest.approx([missed])


def option(seen, replicas):
    options = look_ahead(seen, demand(seen, PARAMS), PARAMS)
    return next(option for option in options if option.replicas == replicas)


def test_a_further_replica_costs_its_start_and_a_cancelled_one_spares_the_rest_of_it():
    assert option(BUSY, 4).starts_s == 2 * 33
    assert option(replace(BUSY, starting=(Start(20.0), Start(3.0))), 3).starts_s == -30
    assert option(replace(BUSY, starting=(Start(20.0), Start(3.0))), 2).starts_s == -30 - 13


def test_those_that_run_are_given_up_last_and_first_who_has_most_left():
    starting = (Start(25.0, 4.0), Start(20.0, 22.0), Start(3.0))

    assert option(replace(BUSY, starting=starting), 4).starts_s == -30
    assert option(replace(BUSY, starting=starting), 3).starts_s == -30 - 25
    assert option(replace(BUSY, starting=starting), 2).starts_s == -30 - 25 - 7


def test_replicas_that_come_one_by_one_disturb_those_that_work():
    calm = replace(FLOODED, rebalance_s=0.0, cold_start=replace(FLOODED.cold_start, mean_s=33.0, p90_s=43.0))

    assert option(FLOODED, 24).lateness > option(calm, 24).lateness
    assert option(FLOODED, 2).lateness == option(calm, 2).lateness


def test_one_full_partition_is_no_work_for_many():
    seen = replace(FLOODED, lag=(12_000,) + (0,) * 23, arrival_rate=0.0)

    assert cheapest(look_ahead(seen, demand(seen, PARAMS), PARAMS)).replicas <= 2
