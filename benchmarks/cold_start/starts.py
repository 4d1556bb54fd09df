"""
One start of a program over a topic in which a frame waits, until it has published a result.
"""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectscale.embedded.child import last_line
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.event import Message
from frames.records import partitions_of, read_until
from frames.status import WorkerState, WorkerStatus
from frames.topics import TopicSettings

START_S = 60.0
"""After so long it has failed."""
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the instant at which the process was asked for."""

    warm_s: float
    """Until the model has run once."""
    first_result_s: float
    """Until the broker had appended the first result."""
    phases_s: Mapping[str, float] | None
    """Of a worker: each from the end of the one before (frames.status.PHASES); None: it does not say."""


class Starts:
    """Starts programs, one after another. Frames, results and statuses are in *topics*, which exist."""

    def __init__(self, kafka: KafkaSettings, topics: TopicSettings, folder: Path) -> None:
        self._kafka = kafka
        self._topics = topics
        self._folder = folder

    def worker(self, command: Sequence[str], environment: Mapping[str, str], name: str) -> Start:
        """
        Start the worker that calls itself *name*.

        Raises:
            UnavailableError: It ended, or had no result in time.
        """
        return self._start(command, environment, name, lambda: self._phases(name))

    def naive(self, command: Sequence[str], environment: Mapping[str, str], name: str) -> Start:
        """Start the naive program, which says by itself when its model is warm. Errors as `worker`."""
        log = self._folder / f"{name}.log"

        def warm() -> tuple[float, None]:
            line = next(line for line in log.read_text().splitlines() if line.startswith("warm "))
            return float(line.split()[1]), None

        return self._start(command, environment, name, warm)

    def _start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        name: str,
        warm: Callable[[], tuple[float, Mapping[str, float] | None]],
    ) -> Start:
        log = self._folder / f"{name}.log"
        with closing(reader(self._kafka)) as results, log.open("wb") as output:
            places = partitions_of(results, [self._topics.detections])
            results.assign(places)
            results.seek_to_end(*places)
            for place in places:
                results.position(place)  # now, not at the first poll
            started_at = time.time()
            process = subprocess.Popen(  # noqa: S603  # our own command
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            try:
                first_at = self._first(results, process, log)
                warm_at, phases_s = warm()
            finally:
                process.terminate()
                process.wait(START_S)
        return Start(warm_at - started_at, first_at - started_at, phases_s)

    def _first(self, results: Any, process: subprocess.Popen[bytes], log: Path) -> float:
        """The instant at which the first new result was appended, seconds since the epoch."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            for records in results.poll(timeout_ms=int(LOOK_S * 1000)).values():
                return float(records[0].timestamp) / 1000
            if process.poll() is not None:
                raise UnavailableError(
                    f"{log.stem}: ended with status {process.returncode}: {last_line(log)}"
                )
        raise UnavailableError(f"{log.stem}: no result in {START_S:g} s: {last_line(log)}")

    def _phases(self, worker: str) -> tuple[float, Mapping[str, float]]:
        """The instant at which the model of *worker* was warm, and how long each phase took."""
        deadline = time.monotonic() + START_S
        with closing(reader(self._kafka)) as statuses:
            places = partitions_of(statuses, [self._topics.status])
            statuses.assign(places)
            while time.monotonic() < deadline:
                for record in read_until(statuses, statuses.end_offsets(places)):
                    status = WorkerStatus.read(Message.of(record))
                    if status.worker == worker and status.state is WorkerState.READY:
                        until_warm = sum(s for phase, s in status.phases_s.items() if phase != "join")
                        return status.born_at + until_warm, status.phases_s
                time.sleep(LOOK_S)
        raise UnavailableError(f"{worker}: it never said that it is ready")
