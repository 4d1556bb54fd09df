import math

import pytest

from autoscaler.simulation.candidates import Candidate
from autoscaler.simulation.compare import Comparison, Row
from autoscaler.simulation.figures import Figures
from benchmarks.policies.overall import overall


def comparison(bound: float, **attainments: float) -> Comparison:
    """Every policy cost 100 GPU-s, and its worst seed was on time in a tenth less."""
    return Comparison(
        bound,
        tuple(
            Row(name, Candidate("", lambda plant, seed: None), Figures(100.0, share, 1, 1, 1, 1), share - 0.1)
            for name, share in attainments.items()
        ),
    )


def test_the_cost_is_the_mean_and_the_lateness_the_worst_of_all_scenarios():
    totals = overall([comparison(100.0, ours=0.99, keda=0.5), comparison(50.0, ours=1.0, keda=0.7)])

    assert list(totals) == ["ours", "keda"]
    assert totals["ours"].times_bound == 1.5
    assert totals["ours"].attainment == 0.99
    assert totals["ours"].worst_attainment == pytest.approx(0.89)


def test_a_scenario_without_a_bound_does_not_count_in_the_cost():
    totals = overall([comparison(100.0, ours=1.0), comparison(math.inf, ours=0.2)])

    assert totals["ours"].times_bound == 1.0
    assert totals["ours"].attainment == 0.2


def test_where_no_scenario_has_a_bound_the_cost_is_null_in_the_report():
    totals = overall([comparison(math.inf, ours=1.0)])

    assert totals["ours"].as_json()["times_bound"] is None
