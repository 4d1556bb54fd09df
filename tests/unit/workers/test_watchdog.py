import subprocess
import sys
import threading
import time

import pytest

from tests.waiting import until
from workers.readiness import Readiness
from workers.watchdog import EXIT_STATUS, Watchdog, guard


def test_the_oldest_batch_counts():
    watchdog = Watchdog(limit_s=10.0)
    watchdog.began("lane 0", now=0.0)
    watchdog.began("lane 1", now=5.0)

    assert watchdog.stuck(now=12.0) == 12.0
    watchdog.ended("lane 0")
    assert watchdog.stuck(now=12.0) is None
    assert watchdog.stuck(now=16.0) == 11.0


def test_a_device_without_work_is_never_stuck():
    watchdog = Watchdog(limit_s=10.0)
    watchdog.began("lane", now=0.0)
    watchdog.ended("lane")

    assert watchdog.complaint(now=1e6) is None


def test_a_batch_that_failed_twice_over_is_no_error():
    watchdog = Watchdog(limit_s=10.0)

    watchdog.ended("never begun")

    assert watchdog.stuck(now=100.0) is None


def test_nothing_is_expected_of_the_poll_loop_before_it_starts_and_after_it_ended():
    watchdog = Watchdog(limit_s=10.0)

    assert watchdog.complaint(now=100.0) is None
    watchdog.polled(now=100.0)
    assert watchdog.complaint(now=105.0) is None
    assert watchdog.complaint(now=111.0) == "no poll for 11 s; worker.watchdog_s allows 10"
    watchdog.left()
    assert watchdog.complaint(now=200.0) is None


def test_a_poll_loop_that_turns_does_not_hide_a_batch_that_hangs():
    watchdog = Watchdog(limit_s=10.0)
    watchdog.began("cuda:0", now=0.0)

    watchdog.polled(now=15.0)

    assert watchdog.complaint(now=15.0) == "a batch has taken 15 s; worker.watchdog_s allows 10"


def test_the_guard_ends_what_hangs():
    ended = []
    watchdog = Watchdog(limit_s=0.05)
    watchdog.began("cuda:0", time.monotonic())

    guard(watchdog, every_s=0.01, end=ended.append)

    assert "a batch has taken" in until(lambda: ended, every_s=0.01)[0]


def test_the_guard_forgives_what_goes_on_after_the_whole_process_was_stopped():
    ended, looked = [], threading.Event()

    class Stopped(Watchdog):
        """Looks stuck once, as after SIGSTOP, and has caught up by the second look."""

        def complaint(self, now):
            first = not looked.is_set()
            seen.append(now)
            looked.set()
            return "stuck" if first else None

    seen: list[float] = []
    guard(Stopped(limit_s=0.01), every_s=0.01, end=ended.append)
    until(lambda: len(seen) > 3, every_s=0.01)

    assert ended == []


HANGS = """
import logging, sys, time
from workers.watchdog import Watchdog, guard
logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
watchdog = Watchdog(limit_s=0.1)
watchdog.began("cuda:0", time.monotonic())
{before}
guard(watchdog, every_s=0.05)
time.sleep(60)
"""


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="log is read"),
        pytest.param("logging.getLogger().handlers[0].acquire()", id="log is locked by what hangs"),
    ],
)
def test_a_process_that_hangs_ends_with_a_status_of_its_own(before):
    ended = subprocess.run(
        [sys.executable, "-c", HANGS.format(before=before)], capture_output=True, text=True, timeout=30
    )

    assert ended.returncode == EXIT_STATUS
    assert before or ended.stderr.startswith("CRITICAL watchdog: a batch has taken")


def test_kafka_away_makes_a_worker_not_ready():
    readiness = Readiness(limit_s=10.0)
    readiness.joined = True

    assert readiness.complaint(now=0.0) == "Kafka has not answered yet"
    readiness.answered(now=0.0)
    assert readiness.complaint(now=10.0) is None
    assert readiness.complaint(now=11.0) == "Kafka has not answered for 11 s"
    readiness.answered(now=12.0)
    assert readiness.complaint(now=12.0) is None


def test_a_worker_that_drains_is_not_ready():
    readiness = Readiness(limit_s=10.0)
    readiness.joined = True
    readiness.answered(now=0.0)

    readiness.joined = False

    assert readiness.complaint(now=1.0) == "not in the worker group"
