"""A real `detectscale up`, whose pages a browser looks at."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from detectscale.places import Places
from detectscale.settings import Settings, load_settings
from tests.integration.detectscale.processes import processes_of
from tests.waiting import until


@dataclass(frozen=True)
class Site:
    """One that runs, with everything its processes keep in a folder of its own."""

    url: str
    state: Path
    process: "subprocess.Popen[bytes]"
    others: "list[subprocess.Popen[bytes]]"
    """Ended with it."""

    @property
    def settings(self) -> Settings:
        """With the addresses of its servers."""
        return Places.of(self.state).connected(load_settings(None, {}))

    def run(self, *arguments: str | Path) -> str:
        """What `detectscale ARGUMENTS` prints, beside it."""
        command = [sys.executable, "-m", "detectscale", *map(str, arguments), "--state-dir", str(self.state)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout

    def get(self, path: str, key: str | None = None) -> Any:
        """The JSON that the gateway answers."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.get(self.url + path, headers=headers, trust_env=False).raise_for_status().json()

    def await_rest(self) -> None:
        """Return when there are no workers and nothing waits."""

        def at_rest() -> bool:
            latest = self.get("/v1/fleet")["latest"]
            numbers = ("replicas", "ready", "starting", "draining", "waiting")
            return latest is not None and not any(latest[name] for name in numbers)

        until(at_rest)

    @contextmanager
    def without_gateway(self) -> Iterator[None]:
        """The gateway ends before the block; after it, another listens in its place."""
        pid = next(pid for pid, command in processes_of(self.state).items() if " gateway " in command)
        os.kill(pid, signal.SIGTERM)
        until(lambda: pid not in processes_of(self.state))
        yield
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "detectscale", "gateway", "--port", port]
        self.others.append(subprocess.Popen([*command, "--state-dir", str(self.state)]))

    @contextmanager
    def held(self) -> Iterator[None]:
        """The autoscaler does nothing for the length of the block; gateway and workers go on."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def site(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Site]:
    """
    Run `detectscale up` for the length of the block.

    Args:
        folder: For its state and its log.
        settings: Of the environment, `DETECTSCALE_SECTION__KEY`.
    """
    state, log = folder / "state", folder / "up.log"
    command = [sys.executable, "-m", "detectscale", "up", "--gateway-port", "0", "--state-dir", str(state)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | (settings or {}), stdout=output, stderr=output)

    def gateway() -> "re.Match[str] | None":
        assert process.poll() is None, log.read_text()
        return re.search(r"gateway at (http://[\w.:]+)", log.read_text())

    others: list[subprocess.Popen[bytes]] = []
    try:
        yield Site(until(gateway)[1], state, process, others)
    finally:
        for other in others:
            other.terminate()
            other.wait(timeout=60)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        print(f"--- {time.strftime('%H:%M:%S')} {log}\n{log.read_text(errors='replace')[-6000:]}")
