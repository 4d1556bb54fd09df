"""
What a worker says of itself to the autoscaler, from its first second to its last.
"""

import logging
import threading
import time
from typing import TYPE_CHECKING

from frames.status import BatchSums, WorkerState, WorkerStatus
from workers.cold_start import ColdStart
from workers.readiness import Readiness

if TYPE_CHECKING:
    from kafka import KafkaProducer

log = logging.getLogger(__name__)

START_INTERVAL_S = 0.5


class Reports:
    """Writes this worker's status to the topic `workers.status`."""

    def __init__(
        self,
        worker: str,
        producer: "KafkaProducer",
        topic: str,
        cold_start: ColdStart,
        readiness: Readiness,
    ) -> None:
        self._worker = worker
        self._producer = producer
        self._topic = topic
        self._cold_start = cold_start
        self._readiness = readiness
        self.model_digest = ""
        """Once it is known."""

    def send(
        self,
        state: WorkerState,
        in_flight: int = 0,
        idle_since: float | None = None,
        partitions: tuple[int, ...] = (),
        batches: BatchSums | None = None,
    ) -> None:
        """Publish a status, without waiting for it; see the fields of the same names in `WorkerStatus`."""
        from kafka.errors import KafkaError

        status = WorkerStatus(
            worker=self._worker,
            at=time.time(),
            state=state,
            born_at=self._cold_start.born_at,
            phases_s=dict(self._cold_start.phases_s),
            in_flight=in_flight,
            idle_since=idle_since,
            partitions=partitions,
            batches=batches or BatchSums(),
            model=self.model_digest,
            progress=self._cold_start.progress,
        )
        message = status.message()
        try:
            sent = self._producer.send(self._topic, key=message.key, value=message.value)
            sent.add_callback(lambda _: self._readiness.answered(time.monotonic()))
        except KafkaError as error:
            log.warning("status not reported: %r", error)

    def while_starting(self, until: threading.Event) -> None:
        """Say every START_INTERVAL_S how far the start has got, on a thread of its own."""

        def say() -> None:
            while not until.is_set():
                self.send(WorkerState.STARTING)
                until.wait(START_INTERVAL_S)

        threading.Thread(target=say, name="start", daemon=True).start()
