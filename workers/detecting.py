"""
The detecting threads: each takes what was polled, and publishes what became of it.

One thread more than the detector can use at once, on a CPU a core each, on a GPU one: it decodes
while the others detect.
"""

import logging
import threading
import time
from collections.abc import Sequence

from frames.outcome import Kind, Outcome
from frames.status import BatchSums
from workers.breaker import Breaker
from workers.inbox import Batch, Inbox, Polled
from workers.instruments import Instruments
from workers.processing import Processing
from workers.publishing import Publishing
from workers.pulse import Pulse
from workers.worker_settings import WorkerSettings

log = logging.getLogger(__name__)


class Detecting:
    """Works through an inbox until it is closed, or the device is lost."""

    def __init__(
        self,
        inbox: Inbox,
        lanes: Sequence[Processing],
        publishing: Publishing,
        settings: WorkerSettings,
        pulse: Pulse,
        instruments: Instruments,
        leaving: threading.Event,
    ) -> None:
        """
        Start the threads.

        Args:
            leaving: Set when nothing is to be waited for any more.
        """
        self._inbox = inbox
        self._publishing = publishing
        self._settings = settings
        self._pulse = pulse
        self._instruments = instruments
        self._breaker = Breaker(settings.breaker_share, settings.breaker_frames, settings.breaker_pause_s)
        self._lock = threading.Lock()  # of the breaker and the sums
        self._ended_at = 0.0
        self._leaving = leaving
        self.batches = BatchSums()
        """What it has done so far."""
        self.failure: BaseException | None = None
        """Why it ended; None: it works, or the inbox was closed."""
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name=f"detect-{number}", daemon=True)
            for number, lane in enumerate(lanes)
        ]
        for thread in self._threads:
            thread.start()

    def close(self, timeout_s: float) -> None:
        """Have the threads end once the inbox is empty, and wait for them."""
        self._inbox.close()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _run(self, lane: Processing) -> None:
        try:
            while True:
                self._wait_for_the_breaker()
                most = min(self._settings.max_batch, lane.batch_limit)
                batch = self._inbox.take(most, self._patience_s)
                if not batch.frames and not batch.expired:
                    return
                self._work(lane, batch)
        except BaseException as error:
            self.failure = error

    def _wait_for_the_breaker(self) -> None:
        if (pause_s := self._breaker.open_for(time.monotonic())) > 0:
            self._instruments.metrics.breaker_open = True
            self._leaving.wait(pause_s)
            self._instruments.metrics.breaker_open = False

    def _work(self, lane: Processing, batch: Batch) -> None:
        began_at = time.monotonic()
        self._instruments.watchdog.began(threading.get_ident(), began_at)
        try:
            ended = lane.outcomes(batch)
        finally:
            self._instruments.watchdog.ended(threading.get_ident())
        self._pulse.wait()
        published = [self._publish(polled, outcome, len(batch.frames)) for polled, outcome in ended]
        detected, ended_at = published.count(Kind.DETECTED), time.monotonic()
        busy_s = self._count(detected, began_at, ended_at)
        if detected:
            self._instruments.metrics.batch(len(batch.frames), busy_s, lane.device)

    def _publish(self, polled: Polled, outcome: Outcome | None, batch_frames: int) -> Kind | None:
        if outcome is None:
            self._publishing.give_up(polled)
            return None
        self._publishing.publish(polled, self._instruments.traced(polled, outcome, batch_frames))
        with self._lock:
            if self._breaker.ended(outcome.kind is Kind.DEAD, time.monotonic()):
                log.error(
                    "more than %g %% of the frames of a minute died; taking none for %g s",
                    self._settings.breaker_share * 100,
                    self._settings.breaker_pause_s,
                )
        return outcome.kind

    def _count(self, detected: int, began_at: float, ended_at: float) -> float:
        """
        Add a batch to the sums; returns the seconds in which no batch that ended earlier was under way.

        So the seconds of threads that work at once are not counted twice. What was dropped
        unseen says nothing of how long a frame takes.
        """
        with self._lock:
            busy_s = max(ended_at - max(began_at, self._ended_at), 0.0)
            if detected:
                self.batches = self.batches.plus(detected, busy_s)
            self._ended_at = max(ended_at, self._ended_at)
            return busy_s

    def _patience_s(self, oldest: Polled) -> float:
        """How long a batch may wait for more: until its oldest frame must begin to be done in time."""
        if not self._settings.fill_batch_s:
            return 0.0
        sums = self.batches
        batch_s = sums.seconds / sums.count if sums.count else 0.0
        return self._settings.fill_batch_s - (time.time() - oldest.appended_at) - batch_s
