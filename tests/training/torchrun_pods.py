"""Agents of torchrun on loopback, started and lost as the pods of the training Job are."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1", "OMP_NUM_THREADS": "1"}
"""As in the manifest, with half of two cores each."""


class Pods:
    """Two agents with a training process each; the log of every start is kept."""

    def __init__(
        self, folder: Path, *arguments: str, max_restarts: int = 20, of_second: tuple[str, ...] = ()
    ) -> None:
        """Start `detectscale train` with *arguments* in each, the second with more; logs go to *folder*."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self._port = listening.getsockname()[1]
        self._folder, self._max_restarts = folder, max_restarts
        self._arguments = arguments, (*arguments, *of_second)
        self._starts = [0, 0]
        self._agents = [self._start(0), self._start(1)]

    def lose(self, index: int) -> None:
        """Kill all of pod *index* at once, and start another one in its place."""
        agent = self._agents[index]
        children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
        for pid in (agent.pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        agent.wait()
        self._agents[index] = self._start(index)

    def finished(self) -> bool:
        """Whether both have ended well; one that failed is started anew, as the Job does."""
        for index, agent in enumerate(self._agents):
            if agent.poll():
                assert sum(self._starts) < 8, self.logs(index)[-1]
                self._agents[index] = self._start(index)
        return all(agent.poll() == 0 for agent in self._agents)

    def failed(self) -> bool:
        """Whether both have ended badly."""
        return all(agent.poll() not in (None, 0) for agent in self._agents)

    def logs(self, index: int) -> list[str]:
        """What pod *index* has written, by start."""
        return [self._log(index, start).read_text() for start in range(1, self._starts[index] + 1)]

    def epochs(self) -> list[int]:
        """The epochs that were reported, in order; a repeated one counts again."""
        return [int(number) for log in self.logs(0) for number in re.findall(r"^epoch (\d+):", log, re.M)]

    def close(self) -> None:
        """Let nothing run on. A terminated agent terminates its process."""
        for agent in self._agents:
            agent.terminate()
        for agent in self._agents:
            agent.wait()

    def _log(self, index: int, start: int) -> Path:
        return self._folder / f"pod-{index}-{start}.log"

    def _start(self, index: int) -> subprocess.Popen[bytes]:
        self._starts[index] += 1
        command = [
            *(sys.executable, "-m", "torch.distributed.run"),
            *("--nnodes=2", "--nproc-per-node=1", f"--max-restarts={self._max_restarts}"),
            *("--rdzv-backend=c10d", "--rdzv-id=training", f"--rdzv-endpoint=127.0.0.1:{self._port}"),
            f"--rdzv-conf=is_host={int(index == 0)},keep_alive_interval=1",
            # Ranks are given in the order of addresses, as in that of the pods' names.
            f"--local-addr=127.0.0.{index + 1}",
            *("--monitor-interval=0.2", "--module", "detectscale", "train", *self._arguments[index]),
        ]
        with self._log(index, self._starts[index]).open("wb") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **ENVIRONMENT}
            )
