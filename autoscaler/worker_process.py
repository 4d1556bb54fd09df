"""
One worker as a child process: started, asked to leave, made to leave.
"""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from autoscaler.fleet import Replica


@dataclass(slots=True)
class WorkerProcess:
    """A child process that runs one worker in a session of its own."""

    worker: str
    born_at: float
    log: Path
    process: subprocess.Popen[bytes]
    leave_by: float | None = None
    """Instant after which it is killed; None: it was not asked to leave."""

    @property
    def draining(self) -> bool:
        """It was asked to leave."""
        return self.leave_by is not None

    @property
    def exit_status(self) -> int | None:
        """Status it ended with, negative for a signal; None: it runs. Asking also buries a zombie."""
        return self.process.poll()

    def replica(self) -> Replica:
        """As the rest of the autoscaler sees it."""
        return Replica(self.worker, self.born_at, self.draining)

    def drain(self, leave_by: float) -> None:
        """Ask it to finish what it has and to leave before *leave_by*."""
        self.leave_by = leave_by
        self.process.terminate()

    def overdue(self, now: float) -> bool:
        """It should have left by now."""
        return self.leave_by is not None and now >= self.leave_by

    def kill(self) -> None:
        """End it and what it started, at once."""
        if self.exit_status is None:  # not buried yet, so its id is still its own
            os.killpg(self.process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it logged nothing"


def start(command: list[str], worker: str, env: dict[str, str], log: Path, born_at: float) -> WorkerProcess:
    """
    Start *command* with its output appended to *log*.

    Raises:
        OSError: The command cannot be run.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # the command comes from our own composition root
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone, and we let workers drain
        )
    return WorkerProcess(worker, born_at, log, process)
