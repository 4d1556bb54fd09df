"""
One fault test's stage: topics and a group of its own, a steady load, workers, and the oracle.

    load and workers → steady → broken → (the fault) → healed → recovered → drained → verdict
"""

import math
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from detectscale.settings import Settings
from frames.clients import KafkaSettings, admin, producer, reader
from frames.event import Message, encode_frame
from frames.outcome import RecordId
from frames.publisher import new_frame
from frames.records import partitions_of, read_until
from frames.sources import captured
from frames.status import WorkerStatus
from frames.topics import TopicSettings, create_topics
from tests.integration.faults.command_process import CommandProcess
from tests.integration.faults.load import Load
from tests.integration.faults.oracle import CommitWatch, Verdict, Window, judged
from tests.waiting import until

RATE = 10.0
"""Frames a second: a worker on one core keeps up with three times as many, beside broker and test."""
SESSION_S = 6.0
FASTEST_PER_S = 200.0
"""Frames a second that no worker here exceeds."""
POLL_S = 0.2
"""From an acknowledgement to the commit that covers it, beside the commit interval."""
RECOVERY_S = 10.0
FAILPOINT = "DETECTSCALE_FAILPOINT"


def lasting(seconds: float) -> None:
    """Let a fault go on for so long: nothing is waited for but time itself."""
    threading.Event().wait(seconds)


class Rig:
    """
    Owns what one test starts; `close` ends it all.

    Args:
        fault: Its number in the table of faults, and what it is.
        kafka: The way to the broker that no fault touches: that of load and oracle.
        load_via: Another way for the load.
    """

    def __init__(
        self,
        fault: str,
        kafka: KafkaSettings,
        folder: Path,
        images: Sequence[bytes],
        *,
        rate: float = RATE,
        partitions: int = 4,
        replication_factor: int = 1,
        session_s: float = SESSION_S,
        load_via: KafkaSettings | None = None,
        **worker: Any,
    ) -> None:
        own = uuid.uuid4().hex[:8]
        names: dict[str, Any] = {
            name: f"{own}.{name}"
            for name in ("frames", "detections", "expired", "dead", "status", "decisions")
        }
        self.kafka = kafka
        self.topics = TopicSettings(
            **names,
            partitions=partitions,
            replication_factor=replication_factor,
        )
        defaults = Settings(topics=self.topics)
        self.settings = defaults.model_copy(
            update={
                "kafka": kafka.model_copy(update={"session_timeout_s": session_s}),
                "worker": defaults.worker.model_copy(update={"group_id": f"{own}.group"} | worker),
            }
        )
        self._fault = fault
        self._folder = folder
        self._images = images
        self._rate = rate
        self._load_via = load_via or kafka
        self.broken_at = self.healed_at = math.nan
        self.workers: list[CommandProcess] = []
        create_topics(kafka, self.topics)
        self.watch = CommitWatch(kafka, self.topics, self.group)
        self.load: Load | None = None

    @property
    def group(self) -> str:
        return self.settings.worker.group_id

    def in_flight(self, workers_hit: int = 1) -> int:
        """
        How many records *workers_hit* workers may have published and not committed when they die: two
        batches under way, and what is finished between two commits.
        """
        worker = self.settings.worker
        uncommitted = FASTEST_PER_S * (worker.commit_interval_s + POLL_S)
        return workers_hit * (2 * worker.max_batch + math.ceil(uncommitted))

    def start_load(self) -> None:
        self.load = Load(self._load_via, self.topics, self._images, self._rate)

    def start_worker(
        self,
        *,
        via: KafkaSettings | None = None,
        failpoint: str | None = None,
        environment: dict[str, str] | None = None,
        **sections: dict[str, Any],
    ) -> CommandProcess:
        """
        Start one more worker.

        Args:
            via: How it reaches the broker; None: as load and oracle do.
            sections: Settings of this one alone, by section: `model={"path": file}`.
        """
        settings = self.settings
        if via is not None:
            kafka = via.model_copy(update={"session_timeout_s": settings.kafka.session_timeout_s})
            settings = settings.model_copy(update={"kafka": kafka})
        for section, changes in sections.items():
            settings = settings.model_copy(
                update={section: getattr(settings, section).model_copy(update=changes)}
            )
        name = f"worker-{len(self.workers)}"
        environment = (environment or {}) | ({FAILPOINT: failpoint} if failpoint else {})
        worker = CommandProcess(name, ["worker", "--worker-id", name], settings, self._folder, environment)
        self.workers.append(worker)
        return worker

    def steady(self, workers: int = 2, **options: Any) -> list[CommandProcess]:
        """Start *workers* and, if it does not run yet, the load; wait until every partition is served."""
        started = [self.start_worker(**options) for _ in range(workers)]
        if self.load is None:
            self.start_load()
        self.await_served(time.time())
        return started

    def publish(self, camera: str, image: bytes | None = None) -> RecordId:
        """Append one frame beside the load; its record."""
        frame = new_frame(captured(camera, image or self._images[0], time.time(), 0), None)
        return self.append(encode_frame(frame))

    def append(self, message: Message) -> RecordId:
        """Append one record as it is."""
        with closing(producer(self.kafka)) as client:
            topic, headers = self.topics.frames, list(message.headers)
            done = client.send(topic, message.value, message.key, headers).get(timeout=20)
        return RecordId(done.topic, done.partition, done.offset)

    def members(self) -> int:
        """How many members the group has, by what the broker says."""
        with closing(admin(self.kafka)) as client:
            return len(client.describe_groups([self.group])[self.group]["members"])

    def statuses(self, worker: str) -> list[WorkerStatus]:
        """What *worker* has said of itself, oldest first."""
        with closing(reader(self.kafka)) as consumer:
            partitions = partitions_of(consumer, [self.topics.status])
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            said = [WorkerStatus.read(Message.of(record)) for record in read_until(consumer, ends)]
            return [status for status in said if status.worker == worker]

    def await_served(self, since: float, within_s: float = 60.0) -> None:
        """Wait until each partition has committed a record that was published after *since*."""

        def served() -> bool:
            assert self.load
            after: dict[int, int] = {}
            for record, at in self.load.appended_at.copy().items():  # another thread adds to it
                if at >= since:
                    after[record.partition] = min(record.offset, after.get(record.partition, record.offset))
            committed = self.watch.latest
            return len(after) == self.topics.partitions and all(
                committed.get(partition, 0) > offset for partition, offset in after.items()
            )

        until(served, within_s)

    def broken(self) -> None:
        """From now on the fault goes on."""
        self.broken_at = self.healed_at = time.time()

    def healed(self) -> None:
        """The fault is over; a sudden death is over as it happens."""
        self.healed_at = time.time()

    def verdict(
        self,
        *,
        fired: str,
        in_flight: int,
        progress: bool,
        recovery_within_s: float = RECOVERY_S,
        drain_s: float = 60.0,
    ) -> Verdict:
        """
        Wait for recovery and drain, print the verdict's line, and hold it to the promises.

        Args:
            fired: The evidence; empty if there is none.
            in_flight: How many duplicates are allowed.
            progress: Somebody was able to work during the fault, and must have.
        """
        assert self.load
        try:
            self.await_served(self.healed_at, recovery_within_s + 20.0)
        except AssertionError as error:
            print(f"not recovered: {error}")
        self.load.stop()
        verdict = judged(
            self._fault,
            self.kafka,
            self.topics,
            self.watch,
            self.load.appended_at,
            Window(self.broken_at, self.healed_at),
            in_flight=in_flight,
            fired=fired,
            drain_s=drain_s,
        )
        print(verdict)
        assert verdict.fired, "the fault did not happen"
        assert verdict.lost == 0
        assert verdict.duplicates <= verdict.in_flight
        assert verdict.committed_too_far == ()
        assert verdict.drained, f"committed {dict(self.watch.latest)}"
        assert verdict.progress > 0 or not progress
        assert verdict.recovery_s is not None
        assert verdict.recovery_s <= recovery_within_s
        return verdict

    def close(self) -> None:
        if self.load is not None:
            self.load.stop()
        self.watch.stop()
        for worker in self.workers:
            worker.end()

    def logs(self) -> str:
        """The end of what each worker logged."""
        return "\n".join(
            f"--- {one.name} ended with {one.status}\n{one.said[-6000:]}" for one in self.workers
        )
