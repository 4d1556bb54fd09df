import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.observation import ServiceTime
from autoscaler.simulation.agenda import Agenda
from autoscaler.simulation.always_on import AlwaysOn
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.plant import RECONCILE_S, Plant
from autoscaler.simulation.run import run
from autoscaler.simulation.virtual_worker import VirtualWorker, release_order
from frames.status import WorkerState
from tests.unit.autoscaler.simulation.worlds import COLD_START_S, REBALANCE_S, Script, workload

SERVES_AT = RECONCILE_S + COLD_START_S + REBALANCE_S
"""When a worker begins its first batch that was asked for at 0."""

traces = st.lists(st.floats(0, 120), min_size=1, max_size=60).map(sorted)
scripts = st.lists(st.tuples(st.floats(0, 150), st.integers(0, 6)), max_size=8)


@given(traces, scripts, st.integers(0, 3))
def test_every_record_is_served_exactly_once_however_the_fleet_changes(arrivals, steps, seed):
    script = Script([*steps, (200.0, 2)])

    after = run(workload(arrivals), script, seed)

    assert script.plant.batches.frames == script.plant.topic.committed == len(arrivals)
    assert (after.done_at - after.arrivals >= 1.0 - 1e-9).all()
    assert np.isfinite(after.done_at).all()
    assert script.plant.topic.lag(after.until) == (0, 0, 0, 0)


@given(traces, scripts)
def test_nobody_works_beyond_the_partitions_or_on_two_batches(arrivals, steps):
    after = run(workload(arrivals), Script(steps), seed=0)

    _, batch_sizes = np.unique(after.done_at[np.isfinite(after.done_at)], return_counts=True)
    alive = [((after.created_at <= t) & (after.left_at > t)).sum() for t in after.created_at]
    assert max(alive, default=0) <= 4
    assert batch_sizes.max(initial=0) <= 2 * 4


@given(traces, scripts, st.integers(0, 3))
def test_the_same_seed_gives_the_same_run(arrivals, steps, seed):
    noisy = workload(arrivals, cv=0.5)

    first, second = (run(noisy, Script(steps), seed) for _ in range(2))

    assert (first.done_at == second.done_at).all()
    assert (first.gone_at == second.gone_at).all()


def test_a_worker_serves_after_reconciling_cold_start_and_rebalance():
    after = run(workload([0.0]), Script([(0.0, 1)]), seed=0)

    assert after.done_at[0] == SERVES_AT + 1.0


def test_a_batch_that_runs_outlasts_a_rebalance_and_none_begins_in_it():
    second_joins = SERVES_AT + 0.5
    script = Script([(0.0, 1), (second_joins - RECONCILE_S - COLD_START_S, 2)])

    after = run(workload([0.0, 1.0, 2.0, 3.0]), script, seed=0)

    assert after.done_at[:2].tolist() == [SERVES_AT + 1.0] * 2
    assert (after.done_at[2:] >= second_joins + REBALANCE_S + 1.0).all()


def test_a_draining_worker_finishes_its_batch_and_is_paid_for_until_then():
    after = run(workload([0.0]), Script([(0.0, 1), (SERVES_AT + 0.25, 0)]), seed=0)

    assert after.done_at[0] == after.gone_at[0] == SERVES_AT + 1.0
    assert after.left_at[0] == SERVES_AT + 0.25


def test_a_start_that_is_given_up_ends_at_once():
    after = run(workload([0.0]), Script([(0.0, 1), (4.0, 0)]), seed=0)

    assert (after.created_at[0], after.gone_at[0], after.cold_starts) == (0.0, 4.0, 1)
    assert after.done_at[0] == np.inf


def test_the_oldest_records_go_first_whatever_their_partition():
    after = run(workload(np.arange(40) / 10), Script([(0.0, 1)]), seed=0)

    assert (np.diff(after.done_at) >= 0).all()
    assert after.done_at[-1] == SERVES_AT + 20.0


def test_a_worker_with_nothing_to_do_wakes_with_its_next_record():
    after = run(workload([0.0, 100.25]), AlwaysOn(4), seed=0)

    assert after.done_at.tolist() == [REBALANCE_S + 1.0, 101.25]


def test_the_mean_sojourn_is_that_of_an_m_d_1_queue():
    """Pollaczek-Khinchine for fixed times: s + rho * s / (2 * (1 - rho)) = 1 + 0.7 / 0.6."""
    gaps = np.random.default_rng(4).exponential(1 / 0.7, size=100_000)
    single = workload(np.cumsum(gaps) - gaps[0], max_batch=1, partitions=1, rebalance_s=0.0)

    after = run(single, AlwaysOn(1), seed=0)

    assert (after.done_at - after.arrivals).mean() == pytest.approx(2.167, rel=0.02)


def test_batches_vary_as_much_as_they_should_around_their_mean():
    noisy = workload([0.0], cv=0.3, service=ServiceTime(0.5, 0.25))
    plant = Plant(noisy, Agenda(), seed=0)

    seconds = [plant._batch_s(2) for _ in range(20_000)]

    assert np.mean(seconds) == pytest.approx(1.0, rel=0.01)
    assert np.std(seconds) == pytest.approx(0.3, rel=0.05)


STARTING, READY = WorkerState.STARTING, WorkerState.READY
PENDING = None
"""Its container is not up."""


@pytest.mark.parametrize(
    ("workers", "order"),
    [
        pytest.param([(READY, 0), (READY, 0)], [1, 0], id="the newest of equals"),
        pytest.param([(STARTING, 0), (READY, 0)], [0, 1], id="who is not ready before who is"),
        pytest.param([(STARTING, 0), (STARTING, 0)], [1, 0], id="the newest that is not ready"),
        pytest.param([(READY, 0), (READY, 2), (READY, 1)], [0, 2, 1], id="the least deletion cost"),
        pytest.param([(READY, 0), (STARTING, 9)], [1, 0], id="readiness before deletion cost"),
        pytest.param(
            [(STARTING, -30), (PENDING, 0), (PENDING, -9)], [2, 1, 0], id="the newest that does not run"
        ),
        pytest.param([(STARTING, -5), (STARTING, -30), (STARTING, 0)], [1, 0, 2], id="who has most left"),
    ],
)
def test_a_replica_set_gives_up_first(workers, order):
    fleet = [
        VirtualWorker(
            n, 0.0, runs_at=99.0 if state is PENDING else 0.0, state=state or STARTING, deletion_cost=cost
        )
        for n, (state, cost) in enumerate(workers)
    ]

    assert [worker.number for worker in release_order(fleet, now=10.0)] == order


VARYING = ColdStartLaw((0.0, 0.05, 0.06, 1.0), (8.0, 8.0, 30.0, 40.0))


def left_over_time(reports):
    plant = Plant(workload([0.0], cold_start=VARYING, starts_report=reports), Agenda(), seed=0)
    plant.scale(1)
    (worker,) = plant.workers
    return worker, [worker.left_s(at) for at in (0.0, 8.9, 10.9, 11.1, worker.ready_at)]


def test_a_starting_worker_tells_what_is_left_once_its_container_is_up():
    worker, left_s = left_over_time(reports=True)

    assert left_s[:3] == [None, None, None]
    assert left_s[3] == pytest.approx(worker.ready_at - 11.1, rel=0.6)
    assert left_s[4] == 0


def test_starts_may_be_silent():
    assert left_over_time(reports=False)[1] == [None] * 5


def test_an_expired_record_is_dropped_at_no_cost():
    after = run(workload([0.0, 0.0, 10.0], max_age_s=SERVES_AT - 1.0), Script([(0.0, 1)]), seed=0)

    assert after.done_at.tolist() == [np.inf, np.inf, SERVES_AT + 1.0]


def test_who_would_start_last_is_not_known_to_the_victim_rule():
    """Of two starting workers the newer is given up, also where it would be ready first."""
    script = Script([(0.0, 1), (1.0, 2), (2.0, 1)])

    after = run(workload([0.0]), script, seed=0)

    assert after.gone_at.tolist() == [after.until, 2.0]
