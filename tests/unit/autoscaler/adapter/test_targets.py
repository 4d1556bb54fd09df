import pytest

from autoscaler.adapter.targets import KEPT, Target, UnknownTargetError, named
from autoscaler.errors import ObservationError
from tests.unit.autoscaler.adapter.made import IDLE, WAITING, entry, target


def test_before_the_first_decision_nothing_is_known():
    with pytest.raises(ObservationError, match="frames: nothing was decided yet"):
        target().standing(now=5.0)


def test_a_decision_is_the_answer_until_it_is_stale():
    known = target(seen=WAITING, replicas=3, at=100.0)

    assert (known.standing(130.0).replicas, known.standing(130.0).lag) == (3, 42)
    with pytest.raises(ObservationError, match=r"frames: the last decision is 30\.1 s old, more than 30 s"):
        known.standing(130.1)


def test_no_more_replicas_are_told_than_the_target_may_have():
    assert target(seen=WAITING, replicas=1000).standing(0.0).replicas == 6
    assert target(seen=WAITING, replicas=-1).standing(0.0).replicas == 0


def test_listeners_hear_when_there_is_work_and_when_there_is_none():
    known, heard = Target("frames", 6, 30.0), []
    known.listen(lambda: heard.append(known.latest.replicas))

    for seen, replicas in ((IDLE, 0), (IDLE, 0), (WAITING, 1), (WAITING, 5), (IDLE, 5), (IDLE, 0)):
        known.publish(entry(seen, replicas), 0.0)

    assert heard == [0, 1, 5, 0]  # the first, the rising edge, the queue that empties, the last replica


def test_only_the_last_entries_are_kept():
    known = Target("frames", 6, 30.0)

    for replicas in range(KEPT + 5):
        known.publish(entry(replicas=replicas), 0.0)

    assert [kept.decision.replicas for kept in known.recent] == list(range(5, KEPT + 5))


def test_a_target_that_nobody_configured_has_no_name():
    with pytest.raises(UnknownTargetError, match="no target 'other' is configured here"):
        named({"frames": target()}, "other")
