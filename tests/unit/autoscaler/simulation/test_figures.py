import numpy as np
import pytest

from autoscaler.simulation.figures import Figures, backlog, figures, mean, oldest_age, replicas
from autoscaler.simulation.run import Run

RUN = Run(
    arrivals=np.array([0.0, 1.0, 2.0, 3.0]),
    done_at=np.array([4.0, 9.0, 5.0, np.inf]),
    created_at=np.array([0.0, 2.0, 6.0]),
    left_at=np.array([5.0, 10.0, 10.0]),
    gone_at=np.array([5.5, 10.0, 10.0]),
    cold_starts=3,
    until=10.0,
)
AT = np.array([-1.0, 0.0, 2.0, 4.5, 6.0, 9.5])


def test_a_run_in_figures():
    assert figures(RUN, slo_s=4.0) == Figures(
        gpu_seconds=5.5 + 8 + 4,
        attainment=0.5,
        p50_s=4.0,
        p99_s=np.inf,
        cold_starts=3,
        max_replicas=2,
    )


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        pytest.param(replicas, [0, 1, 2, 2, 2, 2], id="replicas"),
        pytest.param(backlog, [0, 1, 3, 3, 2, 1], id="backlog"),
        pytest.param(oldest_age, [0, 0, 2, 3.5, 5, 6.5], id="oldest age"),
    ],
)
def test_a_run_over_time(series, expected):
    assert series(RUN, AT).tolist() == expected


def test_a_mean_is_taken_figure_by_figure():
    assert mean([Figures(1, 0.5, 2, 3, 4, 5), Figures(3, 1, 4, 5, 6, 8)]) == Figures(2, 0.75, 3, 4, 5, 6.5)
