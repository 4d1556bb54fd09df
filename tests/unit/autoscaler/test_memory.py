from dataclasses import replace

import pytest

from autoscaler.decision import Memory
from autoscaler.demand import demand
from autoscaler.memory import GAPS
from tests.unit.autoscaler.sights import BUSY, FROM_ZERO, NOW, PARAMS, QUIET

WORK = demand(QUIET, PARAMS)


@pytest.mark.parametrize(
    ("quiet_since", "seen", "gaps"),
    [
        pytest.param(NOW - 30.5, FROM_ZERO, (30.0,), id="from the last work to the next record"),
        pytest.param(None, BUSY, (), id="work after work has none"),
        pytest.param(NOW - 9, replace(QUIET, idle_for=9.0), (), id="not over yet"),
        pytest.param(
            NOW - 9, replace(QUIET, idle_for=1.0), (7.0,), id="a record came and was done between two looks"
        ),
        pytest.param(NOW - 9, replace(QUIET, ready=0, idle_for=None), (), id="it goes on at zero replicas"),
    ],
)
def test_a_gap_is_remembered_when_it_ends(quiet_since, seen, gaps):
    after = Memory(quiet_since=quiet_since).updated(seen, WORK)

    assert after.gaps == gaps


def test_only_the_last_gaps_are_remembered():
    full = Memory(quiet_since=NOW - 5, gaps=(1.0,) * GAPS)

    after = full.updated(replace(FROM_ZERO, oldest_age=0.0), WORK)

    assert (len(after.gaps), after.gaps[-1]) == (GAPS, 5.0)


def test_quiet_begins_when_the_last_work_was_done():
    assert Memory().updated(replace(QUIET, idle_for=4.0), WORK).quiet_since == NOW - 4


def test_the_members_are_as_old_as_their_last_change():
    memory = Memory(ready=2, ready_since=NOW - 50)

    assert memory.updated(BUSY, WORK).ready_since == NOW - 50
    assert memory.updated(replace(BUSY, ready=3), WORK).ready_since == NOW
