"""
Poll as a member of a group, past two faults of kafka-python 3.0.12 that make it wait for ever.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafka import KafkaConsumer


def poll(consumer: "KafkaConsumer", timeout_ms: int) -> dict[Any, list[Any]]:
    """Records by partition, as `KafkaConsumer.poll`."""
    _keep_rejoining(consumer._coordinator)
    _unpark(consumer._fetcher)
    records: dict[Any, list[Any]] = consumer.poll(timeout_ms=timeout_ms)
    return records


def _keep_rejoining(coordinator: Any) -> None:
    """
    A rejoin that has begun is to be gone through with, though it takes longer than one poll.

    Where new metadata is its reason (the partitions of the topic became known, or more), that reason
    is gone as soon as the leader has assigned them. If the poll is over by then, the next one sees no
    reason any more, never takes what was assigned, and sends no heartbeat either.
    """
    if coordinator.need_rejoin() or coordinator.rebalance_in_progress():
        coordinator.rejoin_needed = True


def _unpark(fetcher: Any) -> None:
    """
    What was fetched before a pause is to be given after it.

    It is parked, and taken back only while there are no records of another partition in line, for
    which the fetcher asks `is None`; but it keeps those that it has emptied. Nor does it fetch a
    partition again of which it has parked records.
    """
    if not fetcher._next_partition_records:
        fetcher._next_partition_records = None
