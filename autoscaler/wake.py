"""
The parked fetch: wakes the autoscaler within milliseconds of the first record.

While nothing waits, a fetch from the end of every partition stands at the broker,
which answers it at the first append. A lag poll would be seconds late, or busy; this
costs one request in five seconds. It commits nothing and joins no group.
"""

from collections.abc import Callable, Mapping
from typing import Any

from autoscaler.oldest import Stamp
from frames.clients import KafkaSettings, reader

FETCH_WAIT_S = 5.0
"""How long one fetch stands before it is renewed."""
GLANCE_S = 0.5
"""How often the waiting looks whether it should go on."""


class ParkedFetch:
    """Waits for a record to be appended to a topic. Not thread-safe."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        """
        Connect to the broker.

        Raises:
            UnavailableError: There is none.
        """
        self._topic = topic
        self._consumer = reader(
            kafka,
            fetch_max_wait_ms=int(FETCH_WAIT_S * 1000),
            max_partition_fetch_bytes=1,  # the broker still sends one whole record
            fetch_max_bytes=1,
            max_poll_records=1,
        )

    def wait(self, ends: Mapping[int, int], until: Callable[[], bool]) -> Mapping[int, Stamp]:
        """
        Wait for a record at or after the offsets *ends*, one per partition.

        Returns:
            The record that came, by its partition; none once *until* says so. A broker that is
            away looks like silence: the caller looks for itself from time to time.
        """
        self._park(ends)
        polled: dict[Any, list[Any]] = {}
        while not polled and not until():
            polled = self._consumer.poll(timeout_ms=int(GLANCE_S * 1000))
        return {
            place.partition: Stamp(first.offset, first.timestamp / 1000)
            for place, (first, *_) in polled.items()
        }

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close(timeout_ms=0)

    def _park(self, ends: Mapping[int, int]) -> None:
        from kafka import TopicPartition

        places: dict[Any, int] = {TopicPartition(self._topic, p): offset for p, offset in ends.items()}
        if self._consumer.assignment() != set(places):
            self._consumer.assign(list(places))
        for place, offset in places.items():
            self._consumer.seek(place, offset)
