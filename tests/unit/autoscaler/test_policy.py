from dataclasses import replace

import pytest
from pydantic import ValidationError

from autoscaler.decision import Memory, Reason
from autoscaler.observation import ColdStart, Observation, ServiceTime
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings

PARAMS = PolicySettings()
NOW = 1000.0

BUSY = Observation(
    at=NOW,
    lag=(3,) * 8,
    arrival_rate=80.0,
    oldest_age=0.2,
    ready=2,
    starting_ages=(),
    draining=0,
    in_flight=8,
    idle_for=None,
    service_time=ServiceTime(0.0, 0.02),
    cold_start=ColdStart(1.2, 1.5, {}),
)
"""80/s arrive at two workers that finish 50/s each: exactly what the target utilization allows."""
QUIET = replace(BUSY, lag=(0,) * 8, arrival_rate=0.0, oldest_age=None, in_flight=0, idle_for=1.0)
FLOODED = replace(BUSY, lag=(500,) * 8, oldest_age=9.0)
FROM_ZERO = replace(BUSY, ready=0, in_flight=0, lag=(1,) + (0,) * 7, oldest_age=0.005, arrival_rate=None)

LONG_QUIET = Memory(quiet_since=NOW - 60)


@pytest.mark.parametrize(
    ("observation", "memory", "params", "replicas", "reason"),
    [
        pytest.param(BUSY, Memory(2), PARAMS, 2, Reason.WITHIN_RANGE, id="enough is left alone"),
        pytest.param(FROM_ZERO, Memory(0), PARAMS, 1, Reason.WITHIN_RANGE, id="the first record wakes one"),
        pytest.param(
            FLOODED, Memory(2), PARAMS, 8, Reason.PARTITIONS, id="no more than there are partitions"
        ),
        pytest.param(
            FLOODED,
            Memory(2),
            PolicySettings(max_replicas=5),
            5,
            Reason.TOO_MANY,
            id="no more than the maximum",
        ),
        pytest.param(
            QUIET,
            replace(LONG_QUIET, replicas=1),
            PolicySettings(min_replicas=2),
            2,
            Reason.TOO_FEW,
            id="no fewer than the minimum",
        ),
        pytest.param(
            BUSY,
            Memory(4, recommendations=((NOW - 4, 3),)),
            PARAMS,
            3,
            Reason.STABILIZED,
            id="down to the most asked for lately",
        ),
        pytest.param(
            BUSY,
            Memory(4, recommendations=((NOW - 6, 3),)),
            PARAMS,
            2,
            Reason.WITHIN_RANGE,
            id="but not for ever",
        ),
        pytest.param(QUIET, Memory(1), PARAMS, 1, Reason.KEEP_ALIVE, id="the last one stays a while"),
        pytest.param(
            replace(QUIET, idle_for=8.0),
            Memory(1),
            PARAMS,
            0,
            Reason.WITHIN_RANGE,
            id="and goes after keep_alive_s",
        ),
        pytest.param(
            QUIET,
            replace(LONG_QUIET, replicas=3),
            PARAMS,
            0,
            Reason.WITHIN_RANGE,
            id="all go when it is over",
        ),
        pytest.param(
            replace(QUIET, in_flight=1, idle_for=None),
            replace(LONG_QUIET, replicas=1),
            PARAMS,
            1,
            Reason.FRAMES_IN_FLIGHT,
            id="never 0 while something is in flight",
        ),
        pytest.param(
            replace(QUIET, arrival_rate=None),
            replace(LONG_QUIET, replicas=3),
            PARAMS,
            3,
            Reason.UNKNOWN,
            id="an unknown rate lowers nothing",
        ),
        pytest.param(
            replace(BUSY, service_time=None, arrival_rate=10.0),
            Memory(4),
            PARAMS,
            4,
            Reason.UNKNOWN,
            id="nor does an unknown speed",
        ),
        pytest.param(
            replace(BUSY, ready=3, arrival_rate=140.0, lag=(1,) * 8),
            Memory(3),
            PARAMS,
            3,
            Reason.NOTHING_WAITS,
            id="reserve alone buys no replica",
        ),
        pytest.param(
            replace(FLOODED, ready=0, starting_ages=(), lag=(5,) * 8),
            Memory(0),
            PARAMS,
            4,
            Reason.WITHIN_RANGE,
            id="a rush at zero",
        ),
        pytest.param(
            replace(FLOODED, ready=0, starting_ages=(1.0,) * 4, lag=(10,) * 8, oldest_age=1.2),
            Memory(4, recommendations=((NOW - 0.5, 4),)),
            PARAMS,
            4,
            Reason.STABILIZED,
            id="is not piled up upon while they start",
        ),
        pytest.param(
            replace(BUSY, ready=1, starting_ages=(0.5,)),
            Memory(),
            PARAMS,
            2,
            Reason.WITHIN_RANGE,
            id="a new autoscaler adopts the replicas it finds",
        ),
    ],
)
def test_the_last_limit_that_changed_the_count_names_the_reason(
    observation, memory, params, replicas, reason
):
    decision, _ = decide(observation, memory, params)

    assert (decision.replicas, decision.reason) == (replicas, reason)


def test_a_decision_explains_itself():
    decision, _ = decide(BUSY, Memory(2), PARAMS)

    assert decision.explain() == (
        "2 workers: 24 frames waiting, the oldest 0.2 s; 80.0/s arrive, one worker finishes 50.0/s; "
        "in 1.5 s 0 will wait, to be gone within 1.5 s: 2.0 needed (DesiredWithinRange)"
    )


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


def test_a_long_goal_lets_the_age_set_the_pace():
    slow = replace(BUSY, cold_start=ColdStart(9.0, 10.0, {}), lag=(500,) * 8)
    params = PolicySettings(slo_s=60.0)

    young, _ = decide(replace(slow, oldest_age=5.0), Memory(2), params)
    old, _ = decide(replace(slow, oldest_age=15.0), Memory(2), params)

    assert (young.demand.drain_s, old.demand.drain_s) == (45.0, 35.0)
    assert young.demand.replicas < old.demand.replicas
