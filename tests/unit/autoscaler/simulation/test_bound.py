from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autoscaler.policy_settings import PolicySettings
from autoscaler.simulation.bound import Grid, bound, curves, least_cost, tighter_bound
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.figures import figures
from autoscaler.simulation.keda_scaler import KedaScaler
from autoscaler.simulation.plant import RECONCILE_S
from autoscaler.simulation.policy_scaler import PolicyScaler
from autoscaler.simulation.run import run
from tests.unit.autoscaler.simulation.worlds import Script, workload

STEP_S = 0.25
quarters = st.lists(st.integers(0, 8), min_size=1, max_size=7).map(
    lambda steps: [STEP_S * s for s in sorted(steps)]
)
grids = st.builds(
    Grid,
    slot_s=st.just(1.0),
    units=st.integers(1, 3),
    start_s=st.sampled_from([0.0, 0.5, 3.0]),
    early=st.integers(0, 1),
    begun_is_due=st.booleans(),
)


def small(arrivals, slo_s=3.0, cold_start_s=1.5, rebalance_s=0.5):
    law = ColdStartLaw((0.0, 1.0), (cold_start_s, cold_start_s))
    since_first = np.array(arrivals) - arrivals[0]
    return workload(since_first, slo_s=slo_s, cold_start=law, rebalance_s=rebalance_s, max_replicas=2)


@given(quarters, grids)
@settings(max_examples=60, deadline=None)
def test_the_dynamic_programme_finds_what_trying_every_sequence_of_workers_finds(arrivals, grid):
    instance = small(arrivals, slo_s=2.0)
    arrived, due = curves(instance, grid)

    def cost(workers: tuple[int, ...]) -> float:
        served, paid, before = 0, 0.0, 0
        for t, now in enumerate(workers, start=1):
            served = min(arrived[t], served + grid.units * now)
            if served < due[t]:
                return np.inf
            paid += grid.slot_s * now + grid.start_s * max(now - before, 0)
            before = now
        return paid

    assert least_cost(instance, grid) == pytest.approx(
        min(cost(workers) for workers in product(range(3), repeat=len(arrived) - 1))
    )


def cheapest_in_continuous_time(instance):
    """
    Try all pairs of workers that begin and end at any quarter of a second, with fluid, pooled service.

    Arrivals and deadlines lie on such quarters too, so that stepping by them is exact.
    """
    start_s = RECONCILE_S + instance.cold_start.mean_s + instance.rebalance_s
    until = instance.arrivals[-1] + instance.slo_s
    at = np.arange(0, until, STEP_S)
    spans = list(combinations(np.arange(0, until + STEP_S, STEP_S), 2))
    serves = np.array([(at >= begin) & (at < end) for begin, end in spans] + [at < 0], float)
    costs = np.array([start_s + end - begin for begin, end in spans] + [0.0])
    first, second = np.triu_indices(len(costs))
    workers = serves[first] + serves[second]
    served = np.zeros(len(first))
    on_time = np.ones(len(first), bool)
    for step, now in enumerate(at):
        arrived = np.searchsorted(instance.arrivals, now, side="right")
        served = np.minimum(served + workers[:, step] * instance.worker_rate * STEP_S, arrived)
        due = np.searchsorted(instance.arrivals, now + STEP_S - instance.slo_s, side="right")
        on_time &= served >= due - 1e-9
    return (costs[first] + costs[second])[on_time].min(initial=np.inf)


@given(quarters, st.sampled_from([2.0, 4.0]), st.sampled_from([0.0, 1.5, 6.0]), st.sampled_from([0.0, 0.5]))
@settings(max_examples=100, deadline=None)
@example([0.75], 4.0, 1.5, 0.5)
@example([0.0, 0.75, 0.75], 4.0, 0.0, 0.0)
def test_neither_bound_exceeds_the_best_schedule_in_continuous_time(
    arrivals, slo_s, cold_start_s, rebalance_s
):
    instance = small(arrivals, slo_s, cold_start_s, rebalance_s)

    best = cheapest_in_continuous_time(instance)

    assert bound(instance) <= best + 1e-9
    assert tighter_bound(instance) <= best + 1e-9


traces = st.lists(st.floats(0, 400), min_size=1, max_size=80).map(sorted)
scripted = st.lists(st.tuples(st.floats(0, 400), st.integers(0, 4)), max_size=5).map(
    lambda steps: Script([(0.0, 1), *steps, (500.0, 0)])
)
scalers = st.one_of(
    scripted,
    st.just(PolicyScaler(PolicySettings(slo_s=60.0, max_replicas=4, max_batch=2, tick_s=2.0))),
    st.integers(1, 60).map(lambda threshold: KedaScaler(threshold, polling_s=5.0)),
)


@given(traces, scalers, st.integers(0, 2))
@settings(deadline=None)
def test_neither_bound_exceeds_the_cost_of_a_run_that_meets_every_deadline(arrivals, scaler, seed):
    instance = workload(np.array(arrivals) - arrivals[0])

    cost = figures(run(instance, scaler, seed), instance.slo_s)

    assume(cost.attainment == 1)
    assert bound(instance) <= cost.gpu_seconds + 1e-9
    assert tighter_bound(instance) <= cost.gpu_seconds + 1e-9


def test_the_bounds_are_near_what_one_record_costs():
    """A start of 11 s and a second of work; the rebalance of 3 s is counted by the tighter one alone."""
    instance = workload([0.0])

    assert bound(instance) == pytest.approx(11 - 10 + 5)
    assert tighter_bound(instance) == pytest.approx(11 + 3 - 1 + 1)


def test_a_goal_that_all_replicas_together_miss_has_no_finite_bound():
    assert bound(workload(np.zeros(2000))) == np.inf
