"""Daemons on the machine: started, stopped, killed and started again by name, each with a log."""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from autoscaler.leash import leashed
from tests.e2e.cluster.machine import Machine, child_of
from tests.e2e.packages import PATH
from tests.waiting import until

START_S = 90.0


class Process:
    """
    One daemon; `start` and `stop` as often as you like.

    Args:
        ready: Asks it once whether it is up.
        environment: Beside this process's own.
    """

    def __init__(
        self,
        machine: Machine,
        name: str,
        command: Sequence[str],
        log: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._machine = machine
        self._command = list(command)
        self._ready = ready
        self._environment = dict(environment or {})
        self._folder = folder or log.parent
        self._entered: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def start(self) -> None:
        """Start it, and return at once."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._entered = subprocess.Popen(
                leashed(self._machine.command(self._command, self._folder)),
                env=os.environ | {"PATH": PATH} | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the test alone
            )
        program = Path(self._command[0]).name[:15]
        self._pid = until(lambda: self.ended or child_of(self._entered.pid, program), 20, 0.01)  # type: ignore[union-attr]

    def await_ready(self, within_s: float = START_S) -> None:
        """Wait until it is up."""
        until(lambda: self.ended or self._ready(), within_s, 0.05)
        assert not self.ended, f"{self.name} ended: {self.said()[-3000:]}"

    def stop(self, within_s: float = 20.0) -> None:
        """SIGTERM, and SIGKILL if it does not leave."""
        self._signal(signal.SIGTERM)
        assert self._entered
        try:
            self._entered.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL."""
        self._signal(signal.SIGKILL)
        assert self._entered
        self._entered.wait()

    def await_end(self) -> None:
        """Wait until it has ended by itself."""
        if self._entered:
            self._entered.wait()

    def restart(self) -> None:
        """Stop it, start it, wait until it is up."""
        self.stop()
        self.start()
        self.await_ready()

    @property
    def ended(self) -> bool:
        return self._entered is None or self._entered.poll() is not None

    def said(self) -> str:
        """All that it logged."""
        return self.log.read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        if not self.ended and self._pid is not None:
            os.kill(self._pid, number)


def answers(url: str) -> bool:
    """Ask once whether *url* answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # ours
            return True
    except OSError:
        return False
