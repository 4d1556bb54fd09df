"""Each decision in words, for people."""

from dataclasses import replace

import pytest

from autoscaler.decision import Memory, Reason
from autoscaler.journal import Entry
from autoscaler.observation import Start
from autoscaler.policy import decide
from detectscale.dashboard.words import WHY, words
from tests.unit.autoscaler.sights import BUSY, FLOODED, FROM_ZERO, NOW, PARAMS, QUIET, SETTLED

HURRIED = PARAMS.model_copy(update={"slo_s": 45.0})
PATIENT = PARAMS.model_copy(update={"slo_s": 120.0})
LONG_QUIET = replace(SETTLED, quiet_since=NOW - 1000)


def entry(observation, memory=SETTLED, params=PARAMS):
    decision, _ = decide(observation, memory, params)
    return Entry(observation, memory, decision, params)


@pytest.mark.parametrize(
    ("seen", "reason", "told"),
    [
        pytest.param(
            entry(BUSY),
            Reason.WITHIN_RANGE,
            "2 workers: 48 frames wait, the oldest 2.0 s; with 1, 42 would be late, by 3.9 s on average",
            id="enough",
        ),
        pytest.param(
            entry(replace(FLOODED, lag=(100,) * 24, backlog_ages=((20.0, 2400),), oldest_age=20.0)),
            Reason.WITHIN_RANGE,
            "24 workers: 2,400 frames wait, the oldest 20 s; "
            "even so, 2,491 would be late, by 42 s on average",
            id="a flood",
        ),
        pytest.param(
            entry(replace(BUSY, oldest_age=40.0, backlog_ages=((40.0, 20), (2.0, 28)))),
            Reason.WITHIN_RANGE,
            "2 workers: 48 frames wait, the oldest 40 s; 8 would be late, by 1.6 s on average; with 1, 56",
            id="more, though some will be late",
        ),
        pytest.param(
            entry(FROM_ZERO, Memory(0), HURRIED),
            Reason.WITHIN_RANGE,
            "1 worker: 1 frame waits, the oldest 0.5 s; even so, 1 would be late, by 10 s on average",
            id="one that will be late whatever is done",
        ),
        pytest.param(
            entry(FROM_ZERO, Memory(0), PATIENT),
            Reason.NOT_YET,
            "0 workers: 1 frame waits, the oldest 0.5 s; "
            "1 worker would be right, and is in time a moment later",
            id="not yet",
        ),
        pytest.param(
            entry(replace(QUIET, idle_for=90.0), replace(SETTLED, replicas=1)),
            Reason.WITHIN_RANGE,
            "0 workers: nothing waits; nothing to do for 90 s, so nobody stays",
            id="over",
        ),
        pytest.param(
            entry(replace(QUIET, idle_for=3.0), replace(SETTLED, replicas=1)),
            Reason.KEEP_ALIVE,
            "1 worker: nothing waits; nothing to do for 3.0 s, and the last one stays for 27 s",
            id="kept alive",
        ),
        pytest.param(
            entry(replace(BUSY, ready=6, arrival_rate=5.0), replace(SETTLED, replicas=6, ready=6)),
            Reason.STABILIZED,
            "3 workers: 48 frames wait, the oldest 2.0 s; "
            "with fewer, more would soon have to be started again",
            id="stabilized",
        ),
        pytest.param(
            entry(replace(QUIET, arrival_rate=None, idle_for=90.0), replace(SETTLED, replicas=3)),
            Reason.UNKNOWN,
            "3 workers: nothing waits; not all numbers are known yet, so none is given up",
            id="unknown",
        ),
        pytest.param(
            entry(replace(QUIET, in_flight=1, idle_for=None), replace(SETTLED, replicas=0)),
            Reason.FRAMES_IN_FLIGHT,
            "1 worker: nothing waits; somebody must finish what is begun",
            id="in flight",
        ),
        pytest.param(
            entry(
                replace(FLOODED, starting=(Start(500.0),) * 2, unschedulable=2), replace(SETTLED, replicas=4)
            ),
            Reason.UNSCHEDULABLE,
            "4 workers: 12,000 frames wait, the oldest 5 min; "
            "2 of them find no place to run, so no more are started",
            id="no place",
        ),
        pytest.param(
            entry(replace(FLOODED, lag=(900,)), replace(SETTLED, replicas=2)),
            Reason.PARTITIONS,
            "1 worker: 900 frames wait, the oldest 5 min; of 1 partition, each worker needs one",
            id="partitions",
        ),
        pytest.param(
            entry(QUIET, replace(LONG_QUIET, replicas=1), PARAMS.model_copy(update={"min_replicas": 2})),
            Reason.TOO_FEW,
            "2 workers: nothing waits; none would do, but so many always stay",
            id="too few",
        ),
        pytest.param(
            entry(BUSY, replace(SETTLED, replicas=9), PARAMS.model_copy(update={"max_replicas": 1})),
            Reason.TOO_MANY,
            "1 worker: 48 frames wait, the oldest 2.0 s; more are not allowed",
            id="too many",
        ),
    ],
)
def test_a_decision_is_told_in_words(seen, reason, told):
    assert seen.decision.reason == reason
    assert words(seen) == told


def test_each_reason_has_words_of_its_own():
    assert set(WHY) == set(Reason)

    busy = entry(BUSY)
    told = {words(replace(busy, decision=replace(busy.decision, reason=reason))) for reason in Reason}

    assert len(told) == len(Reason)
    assert all(len(text) < 200 for text in told)
