"""
A member of the worker group: the poll thread, which keeps the place in the group and commits.

    poll thread (here):              poll → claim → inbox            acknowledged → watermark → commit
    detecting thread (detecting.py):        inbox → process → publish ─┘

The model is loaded and warm before the group is joined, so a cold start never stalls
the workers that already run. On SIGTERM waiting records are handed back, begun ones
are finished, published and committed, and the group is left at once.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka import TopicPartition
from kafka.errors import CommitFailedError, KafkaError
from kafka.structs import MemberState, OffsetAndMetadata

from frames.clients import KafkaSettings, group_consumer, producer
from frames.errors import UnavailableError
from frames.event import Message
from frames.outcome import RecordId
from frames.status import WorkerState, WorkerStatus
from frames.topics import TopicSettings, create_topics
from workers.claim import Claim
from workers.cold_start import ColdStart
from workers.detecting import Detecting
from workers.inbox import Inbox, Polled
from workers.membership import Membership
from workers.processing import Processing
from workers.publishing import Publishing
from workers.worker_settings import WorkerSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer, KafkaProducer

log = logging.getLogger(__name__)

COMMIT_TIMEOUT_MS = 2_000
CHANGE_REPORT_S = 0.25
"""A worker that turns from idle to busy and back says so at most this often."""


@dataclass(frozen=True, slots=True)
class Clients:
    """A worker's two connections to Kafka."""

    consumer: "KafkaConsumer"
    producer: "KafkaProducer"


def connect(kafka: KafkaSettings, topics: TopicSettings, settings: WorkerSettings) -> Clients:
    """
    Reach the broker, and see that the topics are there, without joining the group yet.

    Raises:
        UnavailableError: No broker answers, or it refuses to create the topics.
    """
    consumer = group_consumer(
        kafka, settings.group_id, max_poll_records=64, fetch_max_bytes=settings.inbox_bytes
    )
    if not {topics.frames, topics.status, *topics.outcomes} <= consumer.topics():
        create_topics(kafka, topics)
    return Clients(consumer, producer(kafka))


class Worker:
    """One member of the worker group."""

    def __init__(
        self,
        worker: str,
        clients: Clients,
        topics: TopicSettings,
        settings: WorkerSettings,
        cold_start: ColdStart,
        processing: Processing,
    ) -> None:
        self._worker = worker
        self._consumer = clients.consumer
        self._producer = clients.producer
        self._topics = topics
        self._settings = settings
        self._cold_start = cold_start
        self._model_digest = processing.model_digest
        self._state = WorkerState.STARTING
        self._claims: dict[int, Claim] = {}
        self._inbox = Inbox(settings.inbox_bytes)
        self._publishing = Publishing(clients.producer, topics)
        self._detecting = Detecting(self._inbox, processing, self._publishing, settings.max_batch)
        self._committed: dict[int, int] = {}
        self._committed_at = 0.0
        self._idle_since: float | None = None
        self._reported_at = 0.0
        self._reported_busy = True
        self._refused: UnavailableError | None = None

    def run(self, stop: threading.Event) -> None:
        """
        Join the group and work until *stop* is set or something breaks; then drain and leave.

        Raises:
            DetectorError: The detector broke. UnavailableError: The broker took no results, or
            refused us. Nothing without a published outcome was committed.
        """
        self._consumer.subscribe([self._topics.frames], listener=Membership(self._consumer, self))
        try:
            while not stop.is_set() and self._failure is None:
                self._step()
        except KafkaError as error:
            self._refused = UnavailableError(f"kafka: {type(error).__name__}: {error}; left the group")
        finally:
            self._drain()
        if self._failure is not None:
            raise self._failure

    @property
    def _failure(self) -> BaseException | None:
        """Why this worker cannot go on."""
        return self._detecting.failure or self._publishing.failure or self._refused

    def report(self, state: WorkerState | None = None) -> None:
        """Publish this worker's status, after changing to *state* if given."""
        now = time.time()
        self._state = state or self._state
        status = WorkerStatus(
            worker=self._worker,
            at=now,
            state=self._state,
            born_at=self._cold_start.born_at,
            phases_s=dict(self._cold_start.phases_s),
            in_flight=self._in_flight,
            idle_since=self._idle_since,
            partitions=tuple(sorted(self._claims)),
            batches=self._detecting.batches,
            model=self._model_digest,
        )
        try:
            self._publishing.send(self._topics.status, status.message())
        except KafkaError as error:
            log.warning("status not reported: %r", error)
        self._reported_at = now
        self._reported_busy = self._idle_since is None

    def _step(self) -> None:
        busy = self._in_flight > 0
        if self._inbox.full:
            self._consumer.pause(*self._consumer.assignment())
        elif paused := self._consumer.paused():
            self._consumer.resume(*paused)
        self._take(self._consumer.poll(timeout_ms=25 if busy else 100))
        self._settle()
        if time.monotonic() - self._committed_at >= self._settings.commit_interval_s:
            self._commit(self._claims)
        self._note_state()
        if time.time() - self._reported_at >= self._report_interval_s:
            self.report()

    def _take(self, fetched: dict[Any, list[Any]]) -> None:
        now = time.time()
        for partition, records in fetched.items():
            claim = self._claims.get(partition.partition)
            if claim is None:
                continue  # fetched before it was revoked; its next owner reads it
            for record in records:
                claim.taken(record.offset)
                identity = RecordId(record.topic, record.partition, record.offset)
                polled = Polled(identity, Message.of(record), record.timestamp / 1000, now, claim)
                self._inbox.put(polled)

    def _settle(self, timeout_s: float = 0.0) -> None:
        """Advance the watermarks by what the broker acknowledged, waiting *timeout_s* for the first."""
        for polled in self._publishing.acknowledged(timeout_s):
            polled.claim.finished(polled.record.offset)
            self._inbox.release(polled)

    def _commit(self, partitions: Collection[int]) -> None:
        """Commit the watermarks of *partitions* that moved."""
        moved = {
            partition: offset
            for partition in partitions
            if (offset := self._claims[partition].next_offset) is not None
            and self._committed.get(partition) != offset
        }
        self._committed_at = time.monotonic()
        if not moved:
            return
        offsets = {
            TopicPartition(self._topics.frames, partition): OffsetAndMetadata(offset)
            for partition, offset in moved.items()
        }
        try:
            self._consumer.commit(offsets, timeout_ms=COMMIT_TIMEOUT_MS)
        except CommitFailedError:
            log.warning("expelled from the group: the partitions' next owners will read %s again", moved)
            return
        except KafkaError as error:  # a rebalance goes on, or the broker is away: the next round commits it
            log.info("not committed yet: %r", error)
            return
        self._committed |= moved

    def _note_state(self) -> None:
        """Ready once the group is joined, even without a partition; idle once nothing is in flight."""
        member = self._consumer.group_metadata()
        if self._state is WorkerState.STARTING and member.state == MemberState.STABLE:
            self._joined()
        if self._in_flight:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = time.time()

    @property
    def _report_interval_s(self) -> float:
        """Sooner when it has become idle or busy: the autoscaler drains idle workers first."""
        changed = (self._idle_since is None) != self._reported_busy
        return CHANGE_REPORT_S if changed else self._settings.status_interval_s

    @property
    def _in_flight(self) -> int:
        return sum(claim.in_flight for claim in self._claims.values())

    # Partitions come and go (see `Membership`: the poll thread waits inside poll() meanwhile).

    def assigned(self, partitions: set[int]) -> None:
        for partition in partitions:
            self._claims[partition] = Claim()
            self._committed.pop(partition, None)
        if self._state is WorkerState.STARTING:
            self._joined()
        else:
            self.report()

    def _joined(self) -> None:
        self._cold_start.finished("join", time.time())
        self._idle_since = time.time()
        self.report(WorkerState.READY)

    def revoked(self, partitions: set[int]) -> None:
        held = self._claims.keys() & partitions
        self._finish(held, timeout_s=self._settings.drain_s / 4)
        self._forget(held)

    def lost(self, partitions: set[int]) -> None:
        held = self._claims.keys() & partitions
        self._inbox.withdraw([self._claims[partition] for partition in held])
        self._forget(held)

    def _finish(self, partitions: Collection[int], timeout_s: float) -> None:
        """Hand back what waits of *partitions*; finish and commit what has begun, within *timeout_s*."""
        claims = [self._claims[partition] for partition in partitions]
        for polled in self._inbox.withdraw(claims):
            polled.claim.handed_back(polled.record.offset)
        deadline = time.monotonic() + timeout_s
        while not all(claim.settled for claim in claims) and self._failure is None:
            if time.monotonic() > deadline:
                left = sum(claim.in_flight for claim in claims)
                log.warning("abandoned %d begun frames: not finished within %g s", left, timeout_s)
                break
            self._settle(timeout_s=0.05)
        self._commit(partitions)

    def _forget(self, partitions: Collection[int]) -> None:
        """Somebody else owns these: what is still under way of them must not be published any more."""
        for partition in list(partitions):
            self._claims.pop(partition).lost = True

    def _drain(self) -> None:
        """Finish within half of `drain_s`: the rest is for committing and leaving before we are killed."""
        self.report(WorkerState.DRAINING)
        self._finish(self._claims.keys(), self._settings.drain_s / 2)
        self._forget(self._claims.keys())
        self._inbox.close()
        self._detecting.join(timeout_s=1.0)
        _closing(lambda: self._consumer.close(timeout_ms=COMMIT_TIMEOUT_MS))
        self._idle_since = None
        self.report(WorkerState.STOPPED)
        _closing(lambda: self._producer.close(timeout=COMMIT_TIMEOUT_MS / 1000))


def _closing(close: Callable[[], None]) -> None:
    try:
        close()
    except KafkaError as error:
        log.warning("not closed in order: %r", error)
