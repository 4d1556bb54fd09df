from dataclasses import replace

import pytest

from autoscaler.fleet import Replica
from autoscaler.observation import ColdStart, Start
from autoscaler.workforce import OVERDUE, STALE_S, Workforce, left_s, workforce
from frames.status import PHASES, BatchSums, WorkerState, WorkerStatus

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
        pytest.param(
            [RUNS], {}, Workforce(0, (Start(60.0),), 0, 0, None), id="one that has not spoken yet starts"
        ),
        pytest.param(
            [RUNS],
            {"w": status(WorkerState.STARTING)},
            Workforce(0, (Start(60.0),), 0, 0, None),
            id="starting",
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
        pytest.param(
            [replace(RUNS, up=False)],
            {"w": status(WorkerState.READY, in_flight=3)},
            Workforce(0, (Start(60.0),), 0, 0, None),
            id="what it said before it crashed counts no more",
        ),
        pytest.param(
            [replace(RUNS, up=False, unschedulable=True, phases_s={})],
            {},
            Workforce(0, (Start(60.0),), 0, 0, None, unschedulable=1),
            id="one without a place to run",
        ),
        pytest.param(
            [replace(LEAVES, up=False, unschedulable=True)],
            {},
            Workforce(0, (), 1, 0, None),
            id="one that needs none any more",
        ),
    ],
)
def test_the_fleet_says_who_counts_and_the_status_what_they_do(replicas, statuses, expected):
    assert workforce(replicas, statuses, None, NOW) == expected


def test_the_fleet_is_idle_since_its_last_worker_is():
    replicas = [Replica(worker, NOW - 60, draining=False) for worker in "ab"]
    statuses = {
        "a": status(WorkerState.READY, idle_since=NOW - 30),
        "b": status(WorkerState.READY, idle_since=NOW - 5),
    }

    assert workforce(replicas, statuses, None, NOW).idle_for == 5.0


LEARNED = ColdStart(21.0, 30.0, {phase: float(2**n) for n, phase in enumerate(PHASES)})
"""interpreter 1 s, import 2, fetch 4, load 8, warm_up 16, join 32."""
AFTER_FETCH_S = 8 + 16 + 32


def starting(
    fetching_s: float,
    progress: float | None = None,
    said_s_ago: float = 0.0,
    done: tuple[str, ...] = PHASES[:2],
) -> WorkerStatus:
    """One whose finished phases took a second each, the present one *fetching_s* as of now."""
    born_at = NOW - len(done) - fetching_s
    phases_s = dict.fromkeys(done, 1.0)
    return WorkerStatus(
        "w",
        NOW - said_s_ago,
        WorkerState.STARTING,
        born_at,
        phases_s,
        0,
        None,
        (),
        BatchSums(),
        "m",
        progress,
    )


@pytest.mark.parametrize(
    ("status", "learned", "expected"),
    [
        pytest.param(None, LEARNED, None, id="it has not spoken"),
        pytest.param(starting(1.0), None, None, id="nothing is known"),
        pytest.param(starting(1.0), LEARNED, 3 + AFTER_FETCH_S, id="the rest of the usual phase"),
        pytest.param(starting(40.0), LEARNED, OVERDUE * 40 + AFTER_FETCH_S, id="it takes longer than usual"),
        pytest.param(starting(10.0, 0.25), LEARNED, 30 + AFTER_FETCH_S, id="its progress tells more"),
        pytest.param(starting(10.0, 0.25), None, 30, id="its progress alone, of this phase"),
        pytest.param(starting(10.0, 0.0), LEARNED, OVERDUE * 10 + AFTER_FETCH_S, id="no progress yet"),
        pytest.param(starting(10.0, 1.0), LEARNED, AFTER_FETCH_S, id="the phase is all but over"),
        pytest.param(
            starting(12.0, 0.25, said_s_ago=2.0),
            LEARNED,
            28 + AFTER_FETCH_S,
            id="progress ages with its report",
        ),
        pytest.param(
            starting(50.0, 0.5, said_s_ago=40.0), LEARNED, AFTER_FETCH_S, id="more than its progress promised"
        ),
        pytest.param(starting(1.0, done=PHASES[:5]), LEARNED, 31, id="the last phase"),
        pytest.param(starting(1.0, done=PHASES), LEARNED, 0, id="all phases are over"),
        pytest.param(starting(-3.0), LEARNED, 4 + AFTER_FETCH_S, id="a clock that is ahead"),
        pytest.param(starting(-3.0, 0.5), LEARNED, AFTER_FETCH_S, id="a clock that is ahead, with progress"),
    ],
)
def test_what_is_left_of_a_start_follows_from_its_stage_and_progress(status, learned, expected):
    assert left_s(status, learned, NOW) == (expected if expected is None else pytest.approx(expected))


def test_starts_are_told_oldest_first_each_with_what_is_left_of_it():
    replicas = [Replica("mute", NOW - 2, draining=False), Replica("w", NOW - 60, draining=False)]

    seen = workforce(replicas, {"w": starting(10.0, 0.5)}, LEARNED, NOW)

    assert seen.starting == (Start(60.0, pytest.approx(10.0 + AFTER_FETCH_S)), Start(2.0, None))


POD_LEARNED = ColdStart(84.0, 90.0, {"schedule": 1.0, "sandbox": 4.0, "image": 16.0, **LEARNED.phases_s})
PROCESS_S = sum(LEARNED.phases_s.values())


@pytest.mark.parametrize(
    ("done", "ago_s", "expected"),
    [
        pytest.param({}, 0.0, 1 + 4 + 16 + PROCESS_S, id="just created"),
        pytest.param({"schedule": 1.0}, 3.0, 2 + 16 + PROCESS_S, id="on a node"),
        pytest.param({"schedule": 1.0, "sandbox": 4.0}, 15.0, 6 + PROCESS_S, id="it pulls its image"),
        pytest.param(
            {"schedule": 1.0, "sandbox": 4.0}, 105.0, OVERDUE * 100 + PROCESS_S, id="and that takes long"
        ),
        pytest.param({"schedule": 1.0, "sandbox": 4.0, "image": 5.0}, 10.5, PROCESS_S - 0.5, id="it runs"),
    ],
)
def test_until_it_speaks_its_pod_tells_what_is_left(done, ago_s, expected):
    pod = Replica("w", NOW - ago_s, draining=False, up=False, phases_s=done)

    assert left_s(None, POD_LEARNED, NOW, pod) == pytest.approx(expected)


def test_without_a_place_to_run_nobody_knows_what_is_left():
    pod = Replica("w", NOW - 5, draining=False, up=False, unschedulable=True, phases_s={})

    assert left_s(None, POD_LEARNED, NOW, pod) is None
