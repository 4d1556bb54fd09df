from autoscaler.adapter.vitals import HUNG_S, Vitals
from tests.unit.autoscaler.adapter.made import WAITING, target


def test_it_is_ready_once_everything_is_known_or_has_been_waited_for():
    targets = {"frames": target(seen=WAITING), "shadow": target("shadow")}
    vitals = Vitals(targets, started_at=100.0, patience_s=30.0)

    assert vitals.not_ready(101.0) == "nothing was decided yet: shadow"
    assert vitals.not_ready(130.0) is None


def test_stale_decisions_leave_it_ready():
    vitals = Vitals({"frames": target(seen=WAITING, at=0.0)}, started_at=0.0, patience_s=30.0)

    assert vitals.not_ready(1e6) is None


def test_it_is_not_ready_once_it_is_to_stop():
    vitals = Vitals({}, started_at=0.0, patience_s=30.0)
    vitals.stopping = True

    assert vitals.not_ready(1.0) == "stopping"


def test_a_thread_that_hangs_is_found():
    known = target()
    vitals = Vitals({"frames": known}, started_at=0.0, patience_s=30.0)

    assert vitals.not_alive(known.turned_at + HUNG_S) is None
    assert vitals.not_alive(known.turned_at + HUNG_S + 1) == "has not turned for 60 s: frames"
