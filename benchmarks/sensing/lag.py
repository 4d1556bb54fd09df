"""
One reading of a topic's lag: start, end and committed offset of every partition.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from statistics import median

from autoscaler.errors import ObservationError
from autoscaler.offsets import OffsetReader
from benchmarks.sensing.commits import commit
from frames.clients import KafkaSettings, admin
from frames.topics import TopicSettings, create_topics

PARTITIONS = (10, 100, 1000, 5000)
GROUP = "workers"
WARM_UP = 10
READY_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class LagCost:
    """Medians of one reading."""

    partitions: int
    reads: int
    wall_ms: float
    cpu_ms: float
    """Of this process."""

    def __str__(self) -> str:
        return f"lag of {self.partitions:4} partitions: {self.wall_ms:.1f} ms, {self.cpu_ms:.1f} ms of CPU"


def read_lag(kafka: KafkaSettings, partitions: int, reads: int) -> LagCost:
    """Read the lag of a new topic with *partitions*, for each of which the group has committed."""
    topic = f"lag-{partitions}"
    create_topics(kafka, TopicSettings(frames=topic, partitions=partitions))
    with closing(OffsetReader(kafka, topic, GROUP)) as reader, closing(admin(kafka)) as client:
        _wait_for(reader)
        commit(client, GROUP, topic, dict.fromkeys(range(partitions), 0))
        costs = [_one(reader) for _ in range(WARM_UP + reads)][WARM_UP:]
    wall_s, cpu_s = zip(*costs, strict=True)
    return LagCost(partitions, reads, median(wall_s) * 1000, median(cpu_s) * 1000)


def _wait_for(reader: OffsetReader) -> None:
    """A broker is busy for a while with a new topic of thousands of partitions."""
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            reader.read()
            return
        except ObservationError:
            if time.monotonic() > deadline:
                raise


def _one(reader: OffsetReader) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    reader.read()
    return time.perf_counter() - wall, time.process_time() - cpu
