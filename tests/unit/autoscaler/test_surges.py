from dataclasses import replace

import numpy as np
import pytest

from autoscaler.decision import Reason
from autoscaler.demand import demand
from autoscaler.policy import decide
from autoscaler.surges import SAMPLE_S, SAMPLES, least_for_surges, scatter
from tests.unit.autoscaler.sights import BUSY, NOW, PARAMS, SETTLED

TIGHT = PARAMS.model_copy(update={"slo_s": 20.0})


@pytest.mark.parametrize(
    ("rates", "params", "least"),
    [
        pytest.param((3.0,) * 60, PARAMS, 0, id="a start is in time"),
        pytest.param((), TIGHT, 0, id="nothing is known"),
        pytest.param((0.05,) * 60, TIGHT, 0, id="one is enough"),
        pytest.param((3.0,) * 60, TIGHT, 2, id="what comes at random"),
        pytest.param((2.0, 2.6, 3.4, 4.0) * 15, TIGHT, 3, id="what comes in bursts"),
        pytest.param((900.0,) * 60, TIGHT, 24, id="no more than there are partitions"),
    ],
)
def test_the_reserve_is_for_what_may_come_within_a_start(rates, params, least):
    assert least_for_surges(rates, demand(BUSY, params), params, partitions=24) == least


def test_windows_that_overlap_tell_the_same_scatter():
    """Groups of four arrive at random: the variance of their counts is four times the mean."""
    counts = 4 * np.random.default_rng(1).poisson(10, 5000)
    short = (counts / 15).tolist()
    long = (np.convolve(counts, np.ones(4), "valid") / 60).tolist()

    assert scatter(short, 15.0) == pytest.approx(4, rel=0.1)
    assert scatter(long, 60.0) == pytest.approx(4, rel=0.1)


def test_a_reserve_is_had_while_something_comes():
    memory = replace(SETTLED, rates=(3.0,) * 60, replicas=1, ready=1)
    calm = replace(
        BUSY, ready=1, arrival_rate=1.0, lag=(1,) + (0,) * 23, backlog_ages=((1.0, 1),), in_flight=1
    )

    decision, _ = decide(calm, memory, TIGHT)

    assert (decision.replicas, decision.reason) == (2, Reason.SURGES)


def test_rates_are_remembered_at_their_distance():
    memory = SETTLED
    for tick in range(40):
        memory = memory.updated(replace(BUSY, at=NOW + tick), demand(BUSY, TIGHT))

    assert memory.rates == (3.3,) * 3
    assert memory.rated_at == NOW + 2 * SAMPLE_S
    assert SAMPLES * SAMPLE_S == 900
