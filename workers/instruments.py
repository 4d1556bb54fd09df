"""
What watches a worker: its counts, whether it hangs, whether it takes part, and traces.
"""

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frames.outcome import Dead, Outcome
from workers.inbox import Polled
from workers.metrics import WorkerMetrics
from workers.readiness import Readiness
from workers.watchdog import Watchdog

if TYPE_CHECKING:
    from frames.tracing import Tracing


@dataclass(slots=True)
class Instruments:
    """One worker's, shared by its threads."""

    metrics: WorkerMetrics
    watchdog: Watchdog
    readiness: Readiness
    tracing: "Tracing | None" = None
    """None: nothing is traced."""

    def traced(self, polled: Polled, outcome: Outcome, batch_frames: int) -> Outcome:
        """*outcome*, naming the span that was made of it; as it is where nothing is traced."""
        if self.tracing is None or isinstance(outcome, Dead):
            return outcome
        span = self.tracing.processed(outcome.traceparent, polled.polled_at, outcome, batch_frames)
        return replace(outcome, traceparent=span)

    def acknowledged(self, polled: Polled, outcome: Outcome) -> None:
        """The broker has taken *outcome*."""
        self.readiness.answered(time.monotonic())
        self.metrics.outcome(outcome, polled.appended_at, time.time())

    def waiting(self) -> None:
        """This thread waits for something outside: that is no hang."""
        self.watchdog.began(threading.get_ident(), time.monotonic())
