import pytest

from autoscaler.fleet import Replica
from autoscaler.workforce import STALE_S, Workforce, workforce
from frames.status import BatchSums, WorkerState, WorkerStatus

NOW = 1000.0


def status(
    state: WorkerState, at: float = NOW - 1, in_flight: int = 0, idle_since: float | None = None
) -> WorkerStatus:
    return WorkerStatus("w", at, state, NOW - 60, {}, in_flight, idle_since, (), BatchSums(), "m")


RUNS = Replica("w", NOW - 60, draining=False)
LEAVES = Replica("w", NOW - 60, draining=True)


@pytest.mark.parametrize(
    ("replicas", "statuses", "expected"),
    [
        pytest.param([], {}, Workforce(0, (), 0, 0, None), id="nobody"),
        pytest.param([RUNS], {}, Workforce(0, (60.0,), 0, 0, None), id="one that has not spoken yet starts"),
        pytest.param(
            [RUNS], {"w": status(WorkerState.STARTING)}, Workforce(0, (60.0,), 0, 0, None), id="starting"
        ),
        pytest.param(
            [RUNS],
            {"w": status(WorkerState.READY, idle_since=NOW - 7)},
            Workforce(1, (), 0, 0, 7.0),
            id="ready and idle",
        ),
        pytest.param(
            [RUNS], {"w": status(WorkerState.READY, in_flight=3)}, Workforce(1, (), 0, 3, None), id="busy"
        ),
        pytest.param(
            [LEAVES],
            {"w": status(WorkerState.READY, in_flight=3)},
            Workforce(0, (), 1, 3, None),
            id="the fleet knows first who drains",
        ),
        pytest.param(
            [RUNS],
            {"w": status(WorkerState.READY, at=NOW - STALE_S - 1, in_flight=3)},
            Workforce(1, (), 0, 3, None),
            id="silent but listed",
        ),
        pytest.param(
            [],
            {"w": status(WorkerState.READY, at=NOW - STALE_S - 1, in_flight=3)},
            Workforce(0, (), 0, 0, None),
            id="silent and not listed",
        ),
        pytest.param(
            [], {"w": status(WorkerState.READY, in_flight=3)}, Workforce(1, (), 0, 3, None), id="not ours"
        ),
        pytest.param([], {"w": status(WorkerState.STOPPED)}, Workforce(0, (), 0, 0, None), id="gone"),
    ],
)
def test_the_fleet_says_who_counts_and_the_status_what_they_do(replicas, statuses, expected):
    assert workforce(replicas, statuses, NOW) == expected


def test_the_fleet_is_idle_since_its_last_worker_is():
    replicas = [Replica(worker, NOW - 60, draining=False) for worker in "ab"]
    statuses = {
        "a": status(WorkerState.READY, idle_since=NOW - 30),
        "b": status(WorkerState.READY, idle_since=NOW - 5),
    }

    assert workforce(replicas, statuses, NOW).idle_for == 5.0
