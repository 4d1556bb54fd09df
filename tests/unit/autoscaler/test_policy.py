from dataclasses import replace

import pytest
from pydantic import ValidationError

from autoscaler.decision import Memory, Reason
from autoscaler.observation import Start
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from tests.unit.autoscaler.sights import BUSY, FLOODED, FROM_ZERO, NOW, PARAMS, QUIET, SETTLED

PATIENT = PARAMS.model_copy(update={"slo_s": 120.0})
LONG_QUIET = replace(SETTLED, quiet_since=NOW - 1000)


def test_more_are_not_the_answer_where_there_is_no_place_to_run():
    stuck = replace(FLOODED, starting=(Start(500.0),) * 2, unschedulable=2)

    decision, _ = decide(stuck, replace(SETTLED, replicas=4), PARAMS)

    assert (decision.replicas, decision.reason) == (4, Reason.UNSCHEDULABLE)
    assert "2 of 4 replicas find no node: add nodes, or lower max_replicas" in decision.warnings


def test_until_a_start_should_be_over_who_adds_nodes_is_told_how_many_it_takes():
    waiting = replace(FLOODED, starting=(Start(1.0),) * 2, unschedulable=2)

    decision, _ = decide(waiting, replace(SETTLED, replicas=4), PARAMS)

    assert decision.replicas == 24


@pytest.mark.parametrize(
    ("observation", "memory", "params", "replicas", "reason"),
    [
        pytest.param(BUSY, SETTLED, PARAMS, 2, Reason.WITHIN_RANGE, id="enough is left alone"),
        pytest.param(
            FROM_ZERO,
            Memory(0),
            PARAMS.model_copy(update={"slo_s": 45.0}),
            1,
            Reason.WITHIN_RANGE,
            id="a goal hardly longer than a start wakes at once",
        ),
        pytest.param(
            FROM_ZERO, Memory(0), PATIENT, 0, Reason.NOT_YET, id="a long goal lets the first records wait"
        ),
        pytest.param(
            replace(FROM_ZERO, oldest_age=67.0, backlog_ages=((67.0, 1),)),
            Memory(0),
            PATIENT,
            1,
            Reason.WITHIN_RANGE,
            id="but not too long",
        ),
        pytest.param(
            FLOODED,
            replace(SETTLED, replicas=2),
            PARAMS,
            24,
            Reason.WITHIN_RANGE,
            id="all there may be, against a flood",
        ),
        pytest.param(
            replace(FLOODED, lag=(900,)),
            replace(SETTLED, replicas=2),
            PARAMS,
            1,
            Reason.PARTITIONS,
            id="no more than there are partitions",
        ),
        pytest.param(
            BUSY,
            replace(SETTLED, replicas=9),
            PARAMS.model_copy(update={"max_replicas": 1}),
            1,
            Reason.TOO_MANY,
            id="no more than the maximum",
        ),
        pytest.param(
            QUIET,
            replace(LONG_QUIET, replicas=1),
            PARAMS.model_copy(update={"min_replicas": 2}),
            2,
            Reason.TOO_FEW,
            id="no fewer than the minimum",
        ),
        pytest.param(
            replace(BUSY, ready=6, arrival_rate=5.0),
            replace(SETTLED, replicas=6, ready=6),
            PARAMS,
            3,
            Reason.STABILIZED,
            id="down, but no further than what will last",
        ),
        pytest.param(
            replace(BUSY, ready=6),
            replace(SETTLED, replicas=6, ready=5),
            PARAMS,
            6,
            Reason.STABILIZED,
            id="but not while partitions are on their way",
        ),
        pytest.param(
            replace(QUIET, idle_for=3.0),
            replace(SETTLED, replicas=1),
            PARAMS,
            1,
            Reason.KEEP_ALIVE,
            id="the last one stays a while",
        ),
        pytest.param(
            replace(QUIET, idle_for=90.0),
            replace(SETTLED, replicas=1),
            PARAMS,
            0,
            Reason.WITHIN_RANGE,
            id="and goes when it was not worth it",
        ),
        pytest.param(
            replace(QUIET, idle_for=90.0),
            replace(SETTLED, replicas=3),
            PARAMS,
            0,
            Reason.WITHIN_RANGE,
            id="all go when it is over",
        ),
        pytest.param(
            replace(QUIET, in_flight=1, idle_for=None),
            replace(SETTLED, replicas=0),
            PARAMS,
            1,
            Reason.FRAMES_IN_FLIGHT,
            id="never 0 while something is in flight",
        ),
        pytest.param(
            replace(QUIET, arrival_rate=None, idle_for=90.0),
            replace(SETTLED, replicas=3),
            PARAMS,
            3,
            Reason.UNKNOWN,
            id="an unknown rate lowers nothing",
        ),
        pytest.param(
            replace(BUSY, service_time=None, arrival_rate=1.0, ready=4),
            replace(SETTLED, replicas=4, ready=4),
            PARAMS,
            4,
            Reason.UNKNOWN,
            id="nor does an unknown speed",
        ),
        pytest.param(
            replace(FLOODED, ready=0, starting=(Start(2.0),) * 24),
            replace(SETTLED, replicas=24, ready=0),
            PARAMS,
            24,
            Reason.WITHIN_RANGE,
            id="a flood is not piled up upon while they start",
        ),
        pytest.param(
            BUSY, Memory(), PARAMS, 2, Reason.WITHIN_RANGE, id="a new autoscaler adopts the replicas it finds"
        ),
    ],
)
def test_the_last_limit_that_changed_the_count_names_the_reason(
    observation, memory, params, replicas, reason
):
    decision, _ = decide(observation, memory, params)

    assert (decision.replicas, decision.reason) == (replicas, reason)


def test_a_decision_explains_itself():
    decision, _ = decide(BUSY, SETTLED, PARAMS)

    assert decision.explain() == (
        "2 workers: 48 frames waiting, the oldest 2.0 s; 3.3/s arrive, one worker finishes 1.8/s "
        "and takes 33.0 s to start; 2 workers would be late with 0 (DesiredWithinRange)"
    )


def test_a_decision_without_work_explains_what_it_waits_for():
    decision, _ = decide(QUIET, SETTLED, PARAMS)

    assert "; nothing to do for 1.0 s of " in decision.explain()


def test_the_goal_that_cannot_be_kept_is_said_with_every_decision():
    decision, _ = decide(QUIET, SETTLED, PARAMS.model_copy(update={"slo_s": 5.0}))

    assert decision.warnings == (
        "from zero a record takes 44.0 s, slo_s is 5 s: set min_replicas to 1, or make starts quicker",
        "a batch of 8 takes 4.5 s, slo_s is 5 s: make max_batch smaller",
    )


@pytest.mark.parametrize(
    ("rate", "most", "said"),
    [
        pytest.param(1.0, 24, [], id="nothing to say"),
        pytest.param(90.0, 24, ["add partitions"], id="too few partitions"),
        pytest.param(9.0, 4, ["raise max_replicas"], id="too few replicas allowed"),
    ],
)
def test_what_would_help_is_said(rate, most, said):
    decision, _ = decide(
        replace(BUSY, arrival_rate=rate), SETTLED, PARAMS.model_copy(update={"max_replicas": most})
    )

    assert [warning.split(": ")[-1] for warning in decision.warnings] == said


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"min_replicas": 9}, id="bounds out of order"),
        pytest.param({"max_replicas": 0}, id="no replica at all"),
        pytest.param({"slo_s": 0}, id="no time at all"),
        pytest.param({"max_replica": 3}, id="unknown key"),
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        PolicySettings(**wrong)
