from dataclasses import replace

from autoscaler.kubernetes_fleet.deletion_cost import IDLE_S, cost
from autoscaler.kubernetes_fleet.pods import Pod
from frames.status import PHASES, BatchSums, WorkerState, WorkerStatus

NOW = 1000.0
POD = Pod("a", {}, NOW - 60, ended=False, leaving=False, unschedulable=False, up=True, cost=0, reached_at={})
NEW = replace(POD, up=False)
PULLING = replace(NEW, reached_at={"schedule": NOW - 59, "sandbox": NOW - 58})
RUNS = replace(POD, reached_at=PULLING.reached_at | {"image": NOW - 50})


def status(state=WorkerState.READY, in_flight=0, idle_since=None, done=PHASES):
    phases_s = dict.fromkeys(done, 1.0)
    return WorkerStatus("a", NOW, state, NOW - 50, phases_s, in_flight, idle_since, (), BatchSums(), "m")


LOADS = status(WorkerState.STARTING, done=PHASES[:2])
WARMS_UP = status(WorkerState.STARTING, done=PHASES[:4])
JOINED = status(WorkerState.STARTING)
IDLE = status(idle_since=NOW - IDLE_S)
JUST_IDLE = status(idle_since=NOW - IDLE_S / 2)


def test_the_less_is_lost_the_cheaper_it_is():
    dearer_and_dearer = [
        cost(NEW, None, NOW),
        cost(PULLING, None, NOW),
        cost(RUNS, None, NOW),
        cost(RUNS, LOADS, NOW),
        cost(RUNS, WARMS_UP, NOW),
        cost(RUNS, JOINED, NOW),
        cost(RUNS, IDLE, NOW),
        cost(RUNS, JUST_IDLE, NOW),
        cost(RUNS, status(in_flight=1), NOW),
        cost(RUNS, status(in_flight=8), NOW),
    ]

    assert dearer_and_dearer == sorted(set(dearer_and_dearer))


def test_a_few_more_in_flight_are_no_reason_to_write():
    assert cost(RUNS, status(in_flight=4), NOW) == cost(RUNS, status(in_flight=7), NOW)


def test_idle_is_what_a_pod_costs_that_says_nothing():
    assert cost(RUNS, IDLE, NOW) == 0


def test_what_a_crashed_process_last_said_counts_no_more():
    assert cost(replace(RUNS, up=False), status(in_flight=8), NOW) == cost(RUNS, None, NOW)
