"""Real worker processes on the real broker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from detectscale.places import reached
from detectscale.settings import Settings, overrides
from frames.clients import KafkaSettings
from frames.ledger import Ledger, read_ledger
from frames.outcome import RecordId
from frames.publisher import Publisher, PublisherSettings
from frames.sources import captured
from frames.store import StoreCamera
from frames.topics import TopicSettings
from tests.waiting import until
from workers.failpoints import VARIABLE

Publish = Callable[[Sequence[bytes]], list[RecordId]]
StartWorker = Callable[..., "WorkerProcess"]
"""Takes fields of WorkerSettings that differ, and `failpoint=`."""


class WorkerProcess:
    """One `detectscale worker`."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        command = [sys.executable, "-m", "detectscale", "worker", "--worker-id", name]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
            )

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit status; the log is shown by pytest when a test fails."""
        status = self.process.wait(timeout=60)
        print(f"--- {self.name} ended with {status}\n{self.log.read_text(errors='replace')[-4000:]}")
        return status

    @property
    def resident_mib(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    @property
    def libraries(self) -> str:
        """The files it has mapped into memory."""
        return Path(f"/proc/{self.process.pid}/maps").read_text()


@pytest.fixture
def settings(kafka: KafkaSettings, topics: TopicSettings) -> Settings:
    """A group of this test's own; the session timeout is short so that a killed worker is soon replaced."""
    defaults = Settings(topics=topics)
    worker = defaults.worker.model_copy(
        update={"group_id": f"{topics.frames}.group", "breaker_share": 1.0}  # these tests kill many frames
    )
    settings = defaults.model_copy(update={"worker": worker, "kafka": kafka})
    kafka = kafka.model_copy(update={"session_timeout_s": 2.0})
    return reached(settings.model_copy(update={"kafka": kafka}), kafka.bootstrap_servers, None)


@pytest.fixture
def start_worker(settings: Settings, tmp_path: Path) -> Iterator[StartWorker]:
    workers: list[WorkerProcess] = []

    def start(failpoint: str = "", **different: Any) -> WorkerProcess:
        name = f"worker-{len(workers)}"
        worker = settings.worker.model_copy(update=different)
        environment = overrides(settings.model_copy(update={"worker": worker})) | {VARIABLE: failpoint}
        workers.append(WorkerProcess(name, environment, tmp_path / f"{name}.log"))
        return workers[-1]

    yield start
    for worker in workers:
        worker.process.kill()
        worker.wait()


@pytest.fixture
def publish(kafka: KafkaSettings, topics: TopicSettings) -> Publish:
    """Sends images as frames of eight cameras in turn, broken ones too; returns their records in order."""

    def publish(images: Sequence[bytes]) -> list[RecordId]:
        acknowledged: dict[int, RecordId] = {}
        publisher = Publisher(
            kafka,
            topics,
            PublisherSettings(),
            check_images=False,
            on_acknowledged=lambda frame, record, at: acknowledged.__setitem__(
                int(frame.sequence or 0), record
            ),
        )
        for n, image in enumerate(images):
            publisher.offer(captured(f"camera-{n % 8}", image, time.time(), n))
        assert publisher.close(timeout_s=30).acknowledged == len(images)
        return [acknowledged[n] for n in range(len(images))]

    return publish


@pytest.fixture
def balanced(kafka: KafkaSettings, topics: TopicSettings) -> Callable[..., Ledger]:
    """Waits until every record has an outcome, and returns the ledger."""

    def balanced(within_s: float = 90.0) -> Ledger:
        def ledger() -> Ledger | None:
            read = read_ledger(kafka, topics)
            return read if read.balanced else None

        return until(ledger, within_s, every_s=0.3)  # type: ignore[return-value]  # not None once it is true

    return balanced


@pytest.fixture(scope="session")
def store_images() -> list[bytes]:
    """Frames of a camera that training never saw."""
    camera = StoreCamera(9003)
    return [camera.jpeg(n / 2)[0] for n in range(16)]
