"""Real processes: each test runs a small script as its worker."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoscaler.errors import ActuationError
from autoscaler.fleet import Replica
from autoscaler.local_fleet import LocalFleet
from frames.errors import ConfigError
from frames.status import BatchSums, WorkerState, WorkerStatus
from tests.child import child

OBEDIENT = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("up", *sys.argv[1:], flush=True)
signal.sigwait([signal.SIGTERM])
print("down")
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()
"""
CRASHING = "print('the device is lost', flush=True); raise SystemExit(1)"
MISCONFIGURED = "print('worker.model: no such file', flush=True); raise SystemExit(2)"

MakeFleet = Callable[..., LocalFleet]


@pytest.fixture
def make_fleet(tmp_path: Path) -> Iterator[MakeFleet]:
    made: list[LocalFleet] = []

    def make(script: str, drain_s: float = 20.0) -> LocalFleet:
        command = [sys.executable, "-c", script]
        made.append(LocalFleet(command, os.environ, tmp_path / "logs", drain_s, random.Random(7)))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()


def status(worker: str, in_flight: int = 0) -> WorkerStatus:
    return WorkerStatus(worker, 0.0, WorkerState.READY, 0.0, {}, in_flight, None, (), BatchSums(), "m")


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def ids(fleet: LocalFleet) -> list[str]:
    return [replica.worker for replica in fleet.replicas()]


def log_of(tmp_path: Path, worker: str) -> str:
    return (tmp_path / "logs" / f"worker-{worker}.log").read_text()


def until_up(fleet: LocalFleet, tmp_path: Path) -> None:
    """Wait until every worker has said so: before that, SIGTERM would end the bare interpreter."""
    for worker in ids(fleet):
        until(lambda w=worker: "up" in log_of(tmp_path, w), f"worker {worker} is up")


def test_replicas_are_started_with_their_id_and_write_to_their_log(make_fleet, tmp_path):
    fleet = make_fleet(OBEDIENT)

    fleet.scale(2, {}, now=100.0)

    assert fleet.replicas() == tuple(Replica(worker, 100.0, draining=False) for worker in ids(fleet))
    assert len(set(ids(fleet))) == 2
    until_up(fleet, tmp_path)
    assert all(log_of(tmp_path, worker) == f"up --worker-id {worker}\n" for worker in ids(fleet))


def test_who_drains_finishes_and_leaves_no_zombie(make_fleet, tmp_path):
    fleet = make_fleet(OBEDIENT)
    fleet.scale(1, {}, now=100.0)
    (worker,) = ids(fleet)
    until_up(fleet, tmp_path)

    fleet.scale(0, {}, now=101.0)

    until(lambda: fleet.replicas() == (), "the worker leaves")
    assert log_of(tmp_path, worker).endswith("down\n")
    assert not [pid for pid in children() if not runs(pid)]


def children() -> list[int]:
    """Processes that this one's threads started and have not buried."""
    listed = Path("/proc/self/task").glob("*/children")
    return [int(pid) for children in listed for pid in children.read_text().split()]


def test_the_idle_leave_before_the_busy_and_the_starting_before_both(make_fleet):
    fleet = make_fleet(OBEDIENT)
    for now in (1.0, 2.0, 3.0, 4.0):
        fleet.scale(int(now), {}, now)
    busy, idle, starting, newest_idle = ids(fleet)
    statuses = {
        busy: status(busy, in_flight=3),
        idle: status(idle),
        newest_idle: status(newest_idle),
    }
    left = []

    for replicas in (3, 2, 1):
        before = {replica.worker for replica in fleet.replicas() if not replica.draining}
        fleet.scale(replicas, statuses, now=5.0)
        left += before - {replica.worker for replica in fleet.replicas() if not replica.draining}

    assert left == [starting, newest_idle, idle]


def test_who_outstays_the_deadline_is_killed(make_fleet, tmp_path):
    fleet = make_fleet(STUBBORN, drain_s=5.0)
    fleet.scale(1, {}, now=100.0)
    (worker,) = ids(fleet)
    until_up(fleet, tmp_path)

    fleet.scale(0, {}, now=101.0)
    fleet.scale(0, {}, now=105.9)
    assert ids(fleet) == [worker]
    fleet.scale(0, {}, now=106.0)

    until(lambda: fleet.replicas() == (), "the worker is killed")


def test_a_crashed_worker_is_replaced_after_a_while(make_fleet, caplog):
    fleet = make_fleet(CRASHING)
    fleet.scale(1, {}, now=100.0)
    (first,) = ids(fleet)
    until(lambda: fleet.replicas() == (), "the worker crashes")

    fleet.scale(1, {}, now=100.1)
    assert fleet.replicas() == ()
    fleet.scale(1, {}, now=100.7)

    (second,) = [replica.worker for replica in fleet._processes]
    assert second != first
    assert "the device is lost" in caplog.text


def test_a_wrong_configuration_is_reported_in_the_workers_words_and_not_tried_again(make_fleet):
    fleet = make_fleet(MISCONFIGURED)
    fleet.scale(1, {}, now=100.0)
    until(lambda: fleet.replicas() == (), "the worker gives up")

    with pytest.raises(ConfigError, match=r"worker\.model: no such file"):
        fleet.scale(1, {}, now=200.0)
    assert fleet.replicas() == ()


def test_closing_drains_all_and_kills_the_stubborn(make_fleet, tmp_path):
    fleet = make_fleet(STUBBORN, drain_s=0.3)
    fleet.scale(2, {}, now=100.0)
    until_up(fleet, tmp_path)

    fleet.close()

    assert fleet.replicas() == ()


def test_a_log_directory_that_vanished_is_an_actuation_error(make_fleet, tmp_path):
    fleet = make_fleet(OBEDIENT)
    (tmp_path / "logs").rmdir()

    with pytest.raises(ActuationError, match="cannot be started"):
        fleet.scale(1, {}, now=100.0)


PARENT = """
import os, signal, sys, threading
from pathlib import Path
from autoscaler.local_fleet import LocalFleet
fleet = LocalFleet([sys.executable, "-c", sys.argv[1]], os.environ, Path(sys.argv[2]), 20.0)
scaling = threading.Thread(target=fleet.scale, args=(2, {}, 0.0))
scaling.start()
scaling.join()  # the workers must outlive the thread that asked for them
print(*(process.process.pid for process in fleet._processes), flush=True)
signal.pause()
"""


def test_no_worker_outlives_a_parent_that_is_killed(tmp_path):
    with child(
        [sys.executable, "-c", PARENT, STUBBORN, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        until(lambda: all("up" in log.read_text() for log in tmp_path.iterdir()), "both workers are up")

        parent.send_signal(signal.SIGKILL)

    assert len(pids) == 2
    until(lambda: not any(runs(pid) for pid in pids), "the kernel ends the workers")


def runs(pid: int) -> bool:
    """Whether the process exists and is no zombie that its new parent has yet to bury."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
