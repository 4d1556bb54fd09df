"""The figures of a run, from made-up runs whose figures are known."""

import pytest

from autoscaler.decision import Decision, Reason
from autoscaler.demand import demand
from autoscaler.observation import Observation
from autoscaler.policy_settings import PolicySettings
from detectscale.demo.history import History
from detectscale.demo.play import Appended
from detectscale.demo.reel import Shot
from detectscale.demo.report import Result, summarize
from frames.ledger import Ledger
from frames.outcome import Detected, Detection, Kind, RecordId
from frames.status import PHASES, BatchSums, WorkerState, WorkerStatus
from frames.store import Truth

BOX = (10.0, 10.0, 60.0, 110.0)
REEL = [Shot("door", b"", (Truth("person", BOX),))]


def record(offset):
    return RecordId("frames", 0, offset)


def result(offset, published_at, label="person", box=BOX):
    found = (Detection(label, 0, 0.9, box),)
    detected = Detected(
        record(offset), "id", "door", "/cameras/door", 0.0, 640, 480, "m", "d", found, {}, "w", 0.0
    )
    return Result(detected, published_at)


def worker(born_at, name="w"):
    phases_s = dict.fromkeys(PHASES, 0.1)
    return WorkerStatus(
        name, born_at + 9, WorkerState.STOPPED, born_at, phases_s, 0, None, (), BatchSums(), "d"
    )


def history(*decisions):
    """A run in which the count was decided to be *replicas* at each instant."""
    made = History()
    for at, replicas in decisions:
        seen = Observation(at, (0,), 0.0, None, 0, (), 0, 0, None, None, None)
        asked = demand(seen, PolicySettings())
        made.decided(seen, Decision(at, replicas, replicas, Reason.WITHIN_RANGE, asked))
    return made


def report(appended, results, lost=0, made=None, statuses=(), **changed):
    ends = dict.fromkeys(results, Kind.DETECTED)
    ledger = Ledger(len(appended), ends, tuple(record(1000 + n) for n in range(lost)), 0, 0)
    given = {"reel": REEL, "final_replicas": 0, "crashed": 0, "duration_s": 100.0} | changed
    return summarize(
        ledger,
        appended,
        results,
        history=made or history(),
        statuses=statuses,
        policy=PolicySettings(slo_s=2.0),
        **given,
    )


def test_latency_runs_from_append_to_the_published_result():
    appended = {record(n): Appended(0, at=10.0 + n) for n in range(100)}
    results = {record(n): result(n, 10.5 + n) for n in range(100)}

    assert report(appended, results).latency_s == {"p50": 0.5, "p99": 0.5}


def test_a_frame_without_a_result_is_not_on_time():
    appended = {record(n): Appended(0, at=10.0) for n in range(4)}
    results = {record(0): result(0, 10.5), record(1): result(1, 13.0), record(2): result(2, 11.9)}

    assert report(appended, results, lost=1).attainment == 0.5


def test_each_wake_up_has_its_first_detection_by_phase():
    appended = {record(0): Appended(0, at=10.0), record(1): Appended(0, at=50.0)}
    results = {record(0): result(0, 11.0), record(1): result(1, 50.9)}
    made = history((0, 0), (10.01, 1), (30, 0), (50.02, 2), (51, 3))

    found = report(appended, results, made=made, statuses=[worker(10.1), worker(50.1)])

    assert found.wakeups == 2
    assert found.first_detection_s == [pytest.approx(1.0), pytest.approx(0.9)]
    assert found.first_detection_phases_s[0] == pytest.approx(
        {"wake": 0.1, **dict.fromkeys(PHASES, 0.1), "detect": 0.3}
    )


@pytest.mark.parametrize(
    ("label", "box", "expected"),
    [
        pytest.param("person", BOX, 1.0, id="right"),
        pytest.param("person", (300.0, 300.0, 350.0, 400.0), 0.0, id="elsewhere"),
        pytest.param("cart", BOX, 0.0, id="wrong label"),
    ],
)
def test_accuracy_is_that_of_what_came_out_against_the_truth(label, box, expected):
    appended = {record(0): Appended(0, at=10.0)}

    found = report(appended, {record(0): result(0, 11.0, label, box)})

    assert found.map50 == pytest.approx(expected)


def test_accuracy_is_unknown_where_the_truth_is():
    unknown = [Shot("door", b"", None)]

    found = report({record(0): Appended(0, 1.0)}, {record(0): result(0, 2.0)}, reel=unknown)

    assert found.map50 is None


@pytest.mark.parametrize(
    ("lost", "final_replicas", "balanced"),
    [(0, 0, True), (1, 0, False), (0, 1, False)],
    ids=["all there", "one lost", "a worker left"],
)
def test_a_run_is_balanced_when_nothing_is_lost_and_nobody_left(lost, final_replicas, balanced):
    appended = {record(0): Appended(0, at=10.0)}

    found = report(appended, {record(0): result(0, 11.0)}, lost, final_replicas=final_replicas)

    assert found.balanced is balanced


def test_a_run_without_frames_is_not_balanced():
    assert not report({}, {}).balanced


def test_cost_is_the_time_that_workers_existed():
    made = history((0, 2))
    for now, replicas in ((0.0, 0), (1.0, 1), (3.0, 2), (4.0, 0)):
        made.saw_fleet(now, replicas)

    found = report({}, {}, made=made, duration_s=10.0)

    assert (found.replica_seconds, found.replica_seconds_always_on) == (1 * 1 + 2 * 2, 2 * 10)
