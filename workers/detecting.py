"""
The detecting thread: takes what was polled, and publishes what became of it.
"""

import threading
import time

from frames.outcome import Kind
from frames.status import BatchSums
from workers.inbox import Inbox
from workers.processing import Processing
from workers.publishing import Publishing


class Detecting:
    """Works through an inbox until it is closed, or the detector breaks."""

    def __init__(self, inbox: Inbox, processing: Processing, publishing: Publishing, max_batch: int) -> None:
        self._inbox = inbox
        self._processing = processing
        self._publishing = publishing
        self._max_batch = max_batch
        self.batches = BatchSums()
        """What it has done so far."""
        self.failure: BaseException | None = None
        """Why it ended; None: it works, or the inbox was closed."""
        self._thread = threading.Thread(target=self._run, name="detect", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for its end after the inbox was closed."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while batch := self._inbox.take(self._max_batch):
                started_at, detected = time.monotonic(), 0
                for polled, outcome in self._processing.outcomes(batch):
                    if polled.claim.lost:
                        self._inbox.release(polled)
                        continue
                    self._publishing.publish(polled, outcome)
                    detected += outcome.kind is Kind.DETECTED
                if detected:  # what is dropped unseen says nothing of how long a frame takes
                    self.batches = self.batches.plus(detected, time.monotonic() - started_at)
        except BaseException as error:
            self.failure = error
