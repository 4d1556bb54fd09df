from types import SimpleNamespace

import numpy as np
import pytest

from autoscaler import autoscale
from autoscaler.policy_settings import PolicySettings
from autoscaler.simulation import policy_scaler
from autoscaler.simulation.agenda import Agenda
from autoscaler.simulation.always_on import AlwaysOn
from autoscaler.simulation.candidates import CANDIDATES
from autoscaler.simulation.figures import figures
from autoscaler.simulation.keda_scaler import KedaScaler
from autoscaler.simulation.plant import Plant
from autoscaler.simulation.policy_scaler import PolicyScaler, act
from autoscaler.simulation.run import run
from tests.unit.autoscaler.simulation.worlds import COLD_START_S, REBALANCE_S, workload

BURST = workload([0.0] * 30)


@pytest.mark.parametrize("seed", range(5))
def test_keda_starts_one_worker_at_a_poll_and_more_at_syncs(seed):
    after = run(BURST, KedaScaler(), seed)

    first, second = after.created_at[:2]
    assert 0 <= first <= 30
    assert first < second <= first + 15
    assert len(after.created_at) == 3


def test_keda_stays_for_the_cooldown_after_it_last_saw_lag():
    after = run(BURST, KedaScaler(cooldown_s=120.0), seed=0)

    last = after.left_at.max()
    assert 120 <= last - after.done_at.max() <= 120 + 2 * 30


def test_keda_keeps_the_minimum():
    after = run(workload([0.0] * 400, min_replicas=2), KedaScaler(), seed=0)

    assert (after.left_at == after.until).sum() == 2
    assert after.cold_starts == 2


@pytest.mark.parametrize(
    ("slo_s", "earliest", "latest"),
    [
        pytest.param(16.0, 0.0, 0.0, id="at once for a goal that leaves no time"),
        pytest.param(60.0, 30.0, 46.0, id="as late as it can be for one that does"),
    ],
)
def test_the_policy_wakes_for_a_record_and_returns_to_zero(slo_s, earliest, latest):
    params = PolicySettings(
        slo_s=slo_s,
        max_batch=2,
        max_replicas=4,
        service_prior_s=0.5,
        cold_start_prior_s=COLD_START_S,
        rebalance_prior_s=REBALANCE_S,
        tick_s=2.0,
        rate_window_s=60.0,
    )
    after = run(workload([0.0, 500.123]), PolicyScaler(params), seed=0)

    waited = after.created_at - after.arrivals
    assert (earliest <= waited).all()
    assert (waited <= latest).all()
    assert (after.done_at - after.arrivals <= slo_s).all()
    assert (after.gone_at < after.until).all()


def test_the_simulated_loop_parks_for_as_long_as_the_real_one():
    assert policy_scaler.PARKED_S == autoscale.PARKED_S


def test_the_idle_leave_first_under_the_policy():
    plant = Plant(BURST, Agenda(), seed=0)
    plant.have_ready(3)
    idle, *busy = plant.members
    for worker in busy:
        worker.batch = [0]

    act(plant, SimpleNamespace(replicas=2))

    assert plant.gone == [idle]


def test_who_has_most_left_of_its_start_leaves_first_under_the_policy():
    plant = Plant(BURST, Agenda(), seed=0)
    plant.scale(3)
    sooner, later, silent = plant.workers
    for worker, ready_at in ((sooner, 20.0), (later, 40.0)):
        worker.runs_at, worker.ready_at, worker.misjudged = 0.0, ready_at, 1.0
    silent.runs_at = 99.0
    plant.agenda.run(5.0)

    act(plant, SimpleNamespace(replicas=2))
    act(plant, SimpleNamespace(replicas=1))

    assert plant.gone == [silent, later]


def test_always_on_pays_for_all_of_the_time():
    after = run(BURST, AlwaysOn(3), seed=0)

    assert figures(after, 60.0).gpu_seconds == 3 * after.until
    assert after.cold_starts == 0


def test_the_grid_has_72_settings_that_differ():
    grid = CANDIDATES["keda-grid"](BURST)

    assert len({candidate.settings for candidate in grid}) == len(grid) == 72


def test_the_rule_is_half_of_what_a_worker_does_within_the_goal():
    (candidate,) = CANDIDATES["keda-rule"](BURST)

    assert candidate.settings.startswith("lagThreshold 60, pollingInterval 5 s, cooldownPeriod 60 s")


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_seed_determines_every_scaler(name):
    noisy = workload(np.arange(50) * 3.0, cv=0.2)
    scaler = CANDIDATES[name](noisy)[0].scaler

    first, second = (run(noisy, scaler, seed=7) for _ in range(2))

    assert (first.done_at == second.done_at).all()
