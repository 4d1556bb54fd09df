"""
What every worker last said: the topic `workers.status`, as a mapping.
"""

import logging
from collections.abc import Mapping

from autoscaler.follower import Follower
from frames.clients import KafkaSettings
from frames.event import InvalidEventError, Message
from frames.status import WorkerStatus

log = logging.getLogger(__name__)

KEPT = 1000
"""Workers remembered; compaction alone never forgets one."""


class Statuses:
    """The last status of each worker. Not thread-safe."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._follower = Follower(kafka, topic)
        self._latest: dict[str, WorkerStatus] = {}

    @property
    def latest(self) -> Mapping[str, WorkerStatus]:
        """By worker id, as of the last reading."""
        return self._latest

    def read(self) -> Mapping[str, WorkerStatus]:
        """
        Catch up with the topic; return the last status of each worker by its id.

        Raises:
            ObservationError: Kafka does not answer.
        """
        for record in self._follower.new_records():
            worker = (record.key or b"").decode(errors="replace")
            if record.value is None:
                self._latest.pop(worker, None)
                continue
            try:
                self._latest[worker] = WorkerStatus.read(Message(record.key, record.value, record.headers))
            except InvalidEventError as error:
                log.warning("%s/%d/%d: %s", record.topic, record.partition, record.offset, error)
        if len(self._latest) > KEPT:
            youngest = sorted(self._latest.values(), key=lambda status: status.born_at)[-KEPT:]
            self._latest = {status.worker: status for status in youngest}
        return self._latest

    def close(self) -> None:
        """Disconnect."""
        self._follower.close()
