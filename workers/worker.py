"""
A member of the worker group: the poll thread, which keeps the place in the group and commits.

    poll thread (intake.py, completion.py):  poll → claim → inbox            acknowledged → watermark → commit
    detecting threads (detecting.py):                       inbox → process → publish ─┘

The model is loaded and warm before the group is joined, so a cold start never stalls
the workers that already run. On SIGTERM waiting records are handed back, begun ones
are finished, published and committed, and the group is left at once.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka.errors import KafkaError
from kafka.structs import MemberState

from frames.clients import KafkaSettings, group_consumer, producer
from frames.errors import UnavailableError
from frames.status import WorkerState
from frames.topics import TopicSettings, create_topics
from workers.cold_start import ColdStart
from workers.commits import TIMEOUT_MS, Commits
from workers.completion import Completion
from workers.detecting import Detecting
from workers.inbox import Inbox
from workers.instruments import Instruments
from workers.intake import Intake
from workers.membership import Membership
from workers.opening import Opening
from workers.processing import Processing
from workers.publishing import Publishing
from workers.pulse import Pulse
from workers.reports import Reports
from workers.worker_settings import WorkerSettings

if TYPE_CHECKING:
    from kafka import KafkaConsumer, KafkaProducer

log = logging.getLogger(__name__)

OUTAGE_PAUSE_S = 0.1
UNHURRIED_S = 0.4
"""While there is plenty to do, the poll thread rests so long at most: each turn costs client and broker."""
ACKNOWLEDGED_S = 0.1
"""How long a turn waits for what it sent to be acknowledged, so that its commit covers it."""
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
        kafka, settings.group_id, max_poll_records=256, fetch_max_bytes=settings.inbox_bytes
    )
    if not {topics.frames, topics.status, *topics.outcomes} <= consumer.topics():
        create_topics(kafka, topics)
    return Clients(consumer, producer(kafka, delivery_timeout_ms=int(settings.outage_s * 1000)))


class Worker:
    """One member of the worker group."""

    def __init__(
        self,
        clients: Clients,
        kafka: KafkaSettings,
        topics: TopicSettings,
        settings: WorkerSettings,
        cold_start: ColdStart,
        reports: Reports,
        inbox: Inbox,
        opening: Opening,
        lanes: Sequence[Processing],
        instruments: Instruments,
        leaving: threading.Event,
    ) -> None:
        self._consumer = clients.consumer
        self._producer = clients.producer
        self._topics = topics
        self._settings = settings
        self._cold_start = cold_start
        self._reports = reports
        self._inbox = inbox
        self._state = WorkerState.STARTING
        self._commits = Commits(clients.consumer, topics.frames)
        self._publishing = Publishing(clients.producer, topics, instruments.metrics.zombie)
        self._intake = Intake(clients.consumer, self._commits, opening, inbox, self._publishing)
        self._completion = Completion(
            clients.consumer, self._commits, self._intake, inbox, self._publishing, instruments
        )
        self._pulse = Pulse(kafka.session_timeout_s)
        self._instruments = instruments
        self._leaving = leaving
        self._detecting = Detecting(
            inbox, lanes, self._publishing, settings, self._pulse, instruments, leaving
        )
        self._idle_since: float | None = None
        self._reported_at = 0.0
        self._reported_busy = True
        self._troubled = False
        self._refused: UnavailableError | None = None

    def run(self, stop: threading.Event) -> None:
        """
        Join the group and work until *stop* is set or something breaks; then drain and leave.

        Raises:
            DetectorError: The detector broke. UnavailableError: The broker took no results, or
            refused us. Nothing without a published outcome was committed.
        """
        try:
            self._join()
            while not stop.is_set() and self._failure is None:
                self._step_through_outages(stop)
        except KafkaError as error:
            self._refused = UnavailableError(f"kafka: {type(error).__name__}: {error}; left the group")
        finally:
            self._drain()
        failure = self._failure
        if isinstance(failure, MemoryError):
            raise UnavailableError(
                f"no memory left for a frame ({failure}); it was not committed"
            ) from failure
        if failure is not None:
            raise failure

    @property
    def _failure(self) -> BaseException | None:
        """Why this worker cannot go on."""
        return self._detecting.failure or self._publishing.failure or self._refused

    def _step_through_outages(self, stop: threading.Event) -> None:
        """One step; a broker that is away is asked again, one that refuses us is not."""
        try:
            self._step()
        except KafkaError as error:
            if not error.retriable:
                raise
            if not self._troubled:
                log.warning("the broker does not answer as it should (%r); asking again", error)
            self._troubled = True
            stop.wait(OUTAGE_PAUSE_S)
        else:
            self._troubled = False

    def _join(self) -> None:
        self._consumer.subscribe([self._topics.frames], listener=Membership(self._consumer, self))

    def _step(self) -> None:
        self._rest()
        if self._pulse.frozen:
            self._join_anew("was frozen for longer than the group waits")
            self._pulse.thawed()
        self._tell_watchers()
        flushed = 0 if self._commits.hold_results else self._publishing.flush()
        self._intake.turn()
        self._completion.settle(ACKNOWLEDGED_S if flushed else 0.0, flushed)
        if flushed or time.monotonic() - self._completion.tried_at >= self._settings.commit_interval_s:
            self._completion.commit_all()
        self._note_state()
        if time.time() - self._reported_at >= self._report_interval_s:
            self._report()

    def _tell_watchers(self) -> None:
        """Tell those who watch that the loop turns."""
        metrics = self._instruments.metrics
        self._instruments.watchdog.polled(time.monotonic())
        metrics.polled_at, metrics.committed_at = time.time(), self._commits.confirmed_at
        metrics.in_flight, metrics.queue_bytes = self._intake.in_flight, self._inbox.bytes

    def _join_anew(self, why: str) -> None:
        """Whatever we held may be somebody else's: drop it, and come back as somebody new."""
        log.warning("%s; joins the group anew", why)
        self.lost(set(self._intake.claims))
        self._consumer.unsubscribe()
        self._join()

    def _rest(self) -> None:
        """While there is plenty to do, turn only when a tenth of it is done, and have outcomes gathered."""
        self._publishing.gathers = self._inbox.plenty or self._commits.hold_results
        self._inbox.rest(UNHURRIED_S)

    def _note_state(self) -> None:
        """Ready once the group is joined, even without a partition; idle once nothing is in flight."""
        state = self._consumer.group_metadata().state
        if self._state is WorkerState.STARTING and state == MemberState.STABLE:
            self._joined()
        if self._intake.claims and state == MemberState.UNJOINED:
            # Not `lost` alone: kafka-python may keep the partitions, and then never say that they are ours.
            self._join_anew("was expelled from the group")
        if self._intake.in_flight:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = time.time()

    def _report(self, state: WorkerState | None = None) -> None:
        """Publish this worker's status, after changing to *state* if given."""
        self._state = state or self._state
        self._reports.send(
            self._state,
            self._intake.in_flight,
            self._idle_since,
            tuple(sorted(self._intake.claims)),
            self._detecting.batches,
        )
        self._reported_at = time.time()
        self._reported_busy = self._idle_since is None

    @property
    def _report_interval_s(self) -> float:
        """Sooner when it has become idle or busy: the autoscaler drains idle workers first."""
        changed = (self._idle_since is None) != self._reported_busy
        return CHANGE_REPORT_S if changed else self._settings.status_interval_s

    # Partitions come and go (see `Membership`: the poll thread waits inside poll() meanwhile).

    def assigned(self, partitions: set[int]) -> None:
        self._intake.adopt(partitions)
        if self._state is WorkerState.STARTING:
            self._joined()
        else:
            self._report()

    def _joined(self) -> None:
        self._cold_start.finished("join", time.time())
        self._instruments.readiness.joined = True
        self._idle_since = time.time()
        self._report(WorkerState.READY)

    def revoked(self, partitions: set[int]) -> None:
        held = self._intake.claims.keys() & partitions
        self._completion.finish(held, self._settings.drain_s / 4, self._goes_on)
        self._intake.forget(held)

    def lost(self, partitions: set[int]) -> None:
        self._completion.drop(self._intake.claims.keys() & partitions)

    def _goes_on(self) -> bool:
        """Whether what has begun may still be finished; tells those who watch that the wait is no hang."""
        self._tell_watchers()
        return self._failure is None

    def _drain(self) -> None:
        """Finish within half of `drain_s`: the rest is for committing and leaving before we are killed."""
        self._leaving.set()
        if self._pulse.frozen:  # what we held may be somebody else's by now
            self.lost(set(self._intake.claims))
            self._pulse.thawed()
        self._instruments.readiness.joined = False
        self._report(WorkerState.DRAINING)
        self._completion.finish(self._intake.claims.keys(), self._settings.drain_s / 2, self._goes_on)
        self._completion.commit_at_last(self._settings.drain_s / 4)
        self._intake.forget(set(self._intake.claims))
        self._pulse.stop()
        self._detecting.close(timeout_s=1.0)
        self._instruments.watchdog.left()
        _closing(lambda: self._consumer.close(timeout_ms=TIMEOUT_MS))
        self._idle_since = None
        self._report(WorkerState.STOPPED)
        _closing(lambda: self._producer.close(timeout=TIMEOUT_MS / 1000))


def _closing(close: Callable[[], None]) -> None:
    try:
        close()
    except KafkaError as error:
        log.warning("not closed in order: %r", error)
