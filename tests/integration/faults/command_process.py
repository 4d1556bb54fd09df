"""One command of detectscale as a process, to be killed, frozen, starved and watched."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from autoscaler.leash import leashed
from detectscale.settings import Settings, overrides
from tests.integration.faults.brokers import state_of
from tests.waiting import until


class CommandProcess:
    """
    Starts at once.

    Args:
        arguments: The command and its options: `["project"]`.
        environment: What it reads beside *settings*: failpoints, a cache directory.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        settings: Settings,
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        self._log = log = folder / f"{name}.log"
        command = [sys.executable, "-m", "detectscale", *arguments]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                leashed(command),
                env=os.environ | overrides(settings) | dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the test alone
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def resident_mib(self) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    @property
    def virtual_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP, and wait until the kernel has stopped it."""
        self.signal(signal.SIGSTOP)
        until(lambda: state_of(self.pid) == "T", 5)

    def ended(self, within_s: float = 60.0) -> int:
        """Wait for its end; its exit status."""
        until(lambda: not self.alive, within_s)
        status = self.status
        assert status is not None
        return status

    def end(self) -> None:
        """Whatever its state: killed and buried."""
        if self.alive:
            self._process.kill()
        self._process.wait()
