"""
The sensor: one observation from Kafka's offsets, the workers' reports and the fleet.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from autoscaler import backlog, learned
from autoscaler.arrivals import Arrivals, Bracket
from autoscaler.backlog import PartitionOffsets
from autoscaler.beforehand import Beforehand
from autoscaler.fleet import Replica
from autoscaler.observation import ColdStart, Observation, OffsetAnomaly
from autoscaler.offset_ring import OffsetRing
from autoscaler.offsets import OffsetReader
from autoscaler.oldest import Stamp, narrowed, oldest_append
from autoscaler.statuses import Statuses
from autoscaler.workforce import workforce
from frames.clients import KafkaSettings
from frames.status import WorkerStatus
from frames.topics import TopicSettings

log = logging.getLogger(__name__)


class Sensor:
    """Sees one target: a topic, the group that reads it, and its workers. Not thread-safe."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: TopicSettings,
        group_id: str,
        replicas: Callable[[], Sequence[Replica]],
        rate_window_s: float,
        usual: ColdStart | None = None,
    ) -> None:
        """
        Args:
            usual: A cold start as seen by whoever observed before.
        """
        self._offsets = OffsetReader(kafka, topics.frames, group_id)
        self._statuses = Statuses(kafka, topics.status)
        self._replicas = replicas
        self._rate_window_s = rate_window_s
        self._beforehand = Beforehand(usual)
        self._arrivals = Arrivals()
        self._served = OffsetRing()
        self._anomalies: tuple[OffsetAnomaly, ...] = ()
        self.ends: Mapping[int, int] = {}
        """The end offset of each partition, as of the last observation."""
        self._partitions: tuple[PartitionOffsets, ...] = ()
        self._woken_by: Mapping[int, Stamp] = {}
        self._just_woken = False

    @property
    def statuses(self) -> Mapping[str, WorkerStatus]:
        """What each worker last said, by its id."""
        return self._statuses.latest

    def observe(self, now: float) -> Observation:
        """
        Look at everything once; *now* in seconds since the epoch.

        After a rest the record that ended it says enough: nobody was there who could have
        committed, or said anything. Kafka is asked again at the next look (that takes 6 ms).

        Raises:
            ObservationError: Kafka does not answer, or the topic is not there.
        """
        just_woken, self._just_woken = self._just_woken, False
        partitions = self._partitions = self._with_the_record() if just_woken else self._offsets.read()
        self.ends = dict(enumerate(partition.end for partition in partitions))
        self._arrivals.add(now, tuple(self.ends.values()))
        self._note_served(partitions, now)
        statuses = self.statuses if just_woken else self._statuses.read()
        replicas = self._replicas()
        self._beforehand.note(replicas)
        lessons = learned.relevant(statuses.values())
        cold_start = learned.cold_start(lessons, self._beforehand.by_worker, self._beforehand.usual)
        workers = workforce(replicas, statuses, cold_start, now)
        return Observation(
            at=now,
            lag=tuple(partition.lag for partition in partitions),
            arrival_rate=self._arrivals.rate(self._rate_window_s),
            oldest_age=self._oldest_age(partitions, now),
            ready=workers.ready,
            starting=workers.starting,
            draining=workers.draining,
            in_flight=workers.in_flight,
            idle_for=workers.idle_for,
            service_time=learned.service_time(lessons),
            cold_start=cold_start,
            anomalies=self._noted(backlog.anomalies(partitions)),
            backlog_ages=self._arrivals.ages([partition.next for partition in partitions]),
            rebalance_s=None,  # workers do not say how long they had no partitions
            served_rate=self._served.rate(self._rate_window_s),
            committed=self._committed(partitions),
            unschedulable=workers.unschedulable,
        )

    def woken(self, by: Mapping[int, Stamp]) -> None:
        """A rest has ended: by the first record of each of these partitions, or by nobody."""
        self._woken_by = by
        self._just_woken = bool(by)

    def close(self) -> None:
        """Disconnect."""
        self._offsets.close()
        self._statuses.close()

    def _with_the_record(self) -> tuple[PartitionOffsets, ...]:
        """The offsets as of the last look, and the record that ended the rest."""
        came = {number: stamp.offset + 1 for number, stamp in self._woken_by.items()}
        return tuple(
            replace(partition, end=max(partition.end, came.get(number, 0)))
            for number, partition in enumerate(self._partitions)
        )

    def _note_served(self, partitions: Sequence[PartitionOffsets], now: float) -> None:
        """An odd commit does not say what was served: what retention deleted was skipped."""
        if backlog.anomalies(partitions):
            self._served.clear()
        else:
            self._served.add(now, [partition.next for partition in partitions])

    def _committed(self, partitions: Sequence[PartitionOffsets]) -> int | None:
        odd = set(backlog.anomalies(partitions)) - {OffsetAnomaly.NO_COMMIT}
        return None if odd else sum(partition.next for partition in partitions)

    def _oldest_age(self, partitions: Sequence[PartitionOffsets], now: float) -> float | None:
        waiting = {
            number: (partition.next, self._appended(number, partition.next))
            for number, partition in enumerate(partitions)
            if partition.lag
        }
        if not waiting:
            return None
        return max(now - oldest_append(waiting, self._offsets.first_since), 0.0)

    def _appended(self, partition: int, offset: int) -> Bracket:
        bracket = self._arrivals.appended(partition, offset)
        woken_by = self._woken_by.get(partition)
        if woken_by is None or woken_by.offset != offset:
            return bracket
        return narrowed(bracket, bracket.after, offset, woken_by)

    def _noted(self, anomalies: tuple[OffsetAnomaly, ...]) -> tuple[OffsetAnomaly, ...]:
        if anomalies != self._anomalies:
            log.warning("committed offsets: %s", ", ".join(anomalies) or "in order again")
        self._anomalies = anomalies
        return anomalies
