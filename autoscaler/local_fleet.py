"""
A fleet of worker processes on this machine.

It owns no clock and no supervising thread: it looks after its children whenever it
is asked to scale, which the control loop does at every step. The one thread it has
forks them, because the kernel's leash is tied to the thread that forked.
"""

import logging
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autoscaler.crashes import Crashes
from autoscaler.errors import ActuationError
from autoscaler.fleet import Replica
from autoscaler.leash import leashed
from autoscaler.worker_process import WorkerProcess, start
from frames.errors import ConfigError
from frames.status import WorkerState, WorkerStatus

log = logging.getLogger(__name__)

CONFIG_ERROR = ConfigError.exit_status


class LocalFleet:
    """Worker processes of this one. Not thread-safe."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        log_dir: Path,
        drain_s: float,
        rng: random.Random | None = None,
    ) -> None:
        """
        Args:
            command: Starts a worker once `--worker-id ID` is added to it.
            env: Its whole environment.
            log_dir: Holds a file `worker-ID.log` for each; made if missing.
            drain_s: Seconds from SIGTERM to SIGKILL.
            rng: Makes ids and jitter; None: the system's.
        """
        self._command = leashed(command)
        self._env = dict(env)
        self._log_dir = log_dir
        self._drain_s = drain_s
        self._rng = rng or random.SystemRandom()
        self._crashes = Crashes(self._rng)
        self.crashed = 0
        """Workers that ended without being asked to."""
        self._processes: list[WorkerProcess] = []
        self._forking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fork")
        log_dir.mkdir(parents=True, exist_ok=True)

    def replicas(self) -> tuple[Replica, ...]:
        """Those whose process runs, oldest first."""
        return tuple(process.replica() for process in self._processes if process.exit_status is None)

    def scale(self, replicas: int, statuses: Mapping[str, WorkerStatus], now: float) -> None:
        """
        Look after the processes, then drain or start as many as it takes.

        Raises:
            ConfigError: A worker said that its configuration is wrong.
            ActuationError: The system refuses to start a process.
        """
        self._bury(now)
        self._kill_overdue(now)
        staying = [process for process in self._processes if not process.draining]
        for process in release_order(staying, statuses)[: max(len(staying) - replicas, 0)]:
            process.drain(now + self._drain_s)
        for _ in range(replicas - len(staying) - self._crashes.holding_back(now)):
            self._start(now)

    def close(self) -> None:
        """Drain all, wait for them, and kill those that outstay the deadline. May be called again."""
        deadline = time.monotonic() + self._drain_s
        for process in self._processes:
            process.drain(deadline)
        for process in self._processes:
            try:
                process.process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.process.wait()
        self._processes.clear()
        self._forking.shutdown()

    def _start(self, now: float) -> None:
        worker = f"{self._rng.getrandbits(32):08x}"
        command = [*self._command, "--worker-id", worker]
        log_file = self._log_dir / f"worker-{worker}.log"
        try:
            started = self._forking.submit(start, command, worker, self._env, log_file, now).result()
        except OSError as error:
            raise ActuationError(f"worker {worker}: cannot be started: {error}") from error
        self._processes.append(started)

    def _bury(self, now: float) -> None:
        """Forget those that ended; a crash, but not a wrong configuration, will be made good."""
        ended = [process for process in self._processes if process.exit_status is not None]
        self._processes = [process for process in self._processes if process not in ended]
        for process in ended:
            if process.draining:
                continue
            if process.exit_status == CONFIG_ERROR:
                raise ConfigError(f"worker {process.worker}: {process.last_words()} (see {process.log})")
            self.crashed += 1
            wait_s = self._crashes.add(now, lived_s=now - process.born_at)
            log.warning(
                "worker %s: ended with status %d, replaced in %.1f s: %s (see %s)",
                *(process.worker, process.exit_status, wait_s, process.last_words(), process.log),
            )

    def _kill_overdue(self, now: float) -> None:
        for process in self._processes:
            if process.overdue(now):
                log.warning("worker %s: killed, had not left within %g s", process.worker, self._drain_s)
                process.kill()


def release_order(
    processes: Sequence[WorkerProcess], statuses: Mapping[str, WorkerStatus]
) -> list[WorkerProcess]:
    """Who leaves first: who still starts, then who is idle, then who is busy; the newest of each."""

    def rank(process: WorkerProcess) -> tuple[int, float]:
        status = statuses.get(process.worker)
        if status is None or status.state is WorkerState.STARTING:
            return 0, -process.born_at
        return (1 if status.in_flight == 0 else 2), -process.born_at

    return sorted(processes, key=rank)
