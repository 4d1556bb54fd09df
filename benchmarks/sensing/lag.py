"""
One reading of a topic's lag: end and committed offset of every partition, now and then its start too.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from statistics import median

from autoscaler.offsets import OffsetReader
from benchmarks.sensing.commits import commit, until_it_answers
from frames.clients import KafkaSettings, admin
from frames.topics import TopicSettings, create_topics

PARTITIONS = (10, 100, 1000, 5000)
GROUP = "workers"
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class LagCost:
    """Medians of one reading."""

    partitions: int
    reads: int
    wall_ms: float
    cpu_ms: float
    """Of this process."""
    with_starts_ms: float
    """Wall time of the readings that ask for the starts too: one in 30 s, or each while a commit is odd."""

    def __str__(self) -> str:
        return (
            f"lag of {self.partitions:4} partitions: {self.wall_ms:.1f} ms, {self.cpu_ms:.1f} ms of CPU; "
            f"with starts {self.with_starts_ms:.1f} ms"
        )


def read_lag(kafka: KafkaSettings, partitions: int, reads: int) -> LagCost:
    """Read the lag of a new topic with *partitions*, for each of which the group has committed."""
    topic = f"lag-{partitions}"
    create_topics(kafka, TopicSettings(frames=topic, partitions=partitions))
    with (
        closing(OffsetReader(kafka, topic, GROUP)) as reader,
        closing(OffsetReader(kafka, topic, GROUP, starts_for_s=0.0)) as asks_all,
        closing(admin(kafka)) as client,
    ):
        until_it_answers(reader.read)
        commit(client, GROUP, topic, dict.fromkeys(range(partitions), 0))
        wall_ms, cpu_ms = _medians(reader, reads)
        with_starts_ms, _ = _medians(asks_all, reads)
    return LagCost(partitions, reads, wall_ms, cpu_ms, with_starts_ms)


def _medians(reader: OffsetReader, reads: int) -> tuple[float, float]:
    """Wall and CPU milliseconds."""
    costs = [_one(reader) for _ in range(WARM_UP + reads)][WARM_UP:]
    wall_s, cpu_s = zip(*costs, strict=True)
    return median(wall_s) * 1000, median(cpu_s) * 1000


def _one(reader: OffsetReader) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    reader.read()
    return time.perf_counter() - wall, time.process_time() - cpu
