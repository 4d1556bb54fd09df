"""
The least a worker can be: joins the group, spends 10 ms on each record, commits, reports, leaves.

    python stub_worker.py BOOTSTRAP FRAMES STATUS GROUP --worker-id ID
"""

import signal
import sys
import time

from frames.clients import KafkaSettings, group_consumer, producer
from frames.status import PHASES, BatchSums, WorkerState, WorkerStatus

SERVICE_S = 0.01


def main(bootstrap: str, frames: str, status_topic: str, group: str, worker: str) -> None:
    born_at, leaving = time.time(), []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    kafka = KafkaSettings(bootstrap_servers=bootstrap)
    consumer, reports = group_consumer(kafka, group, max_poll_records=8), producer(kafka)
    consumer.subscribe([frames])
    sums, idle_since, reported_at = BatchSums(), None, 0.0

    def report(state: WorkerState, in_flight: int = 0) -> None:
        phases = dict.fromkeys(PHASES, 0.1) if state is not WorkerState.STARTING else {}
        said = WorkerStatus(
            worker, time.time(), state, born_at, phases, in_flight, idle_since, (), sums, "stub"
        )
        reports.send(status_topic, key=worker.encode(), value=said.message().value)

    report(WorkerState.STARTING)
    while not leaving:
        records = [record for batch in consumer.poll(timeout_ms=50).values() for record in batch]
        idle_since = None if records else idle_since or time.time()
        if consumer.assignment() and time.time() - reported_at > 0.2:
            report(WorkerState.READY, len(records))
            reported_at = time.time()
        if records:
            time.sleep(SERVICE_S * len(records))
            sums = sums.plus(len(records), SERVICE_S * len(records))
            consumer.commit()
    consumer.close()
    report(WorkerState.STOPPED)
    reports.close()


if __name__ == "__main__":
    main(*sys.argv[1:5], worker=sys.argv[6])
