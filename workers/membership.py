"""
Membership in the worker group: what happens when partitions come and go.

kafka-python runs rebalance callbacks on its own IO loop, where a blocking call (finish
what is in flight, commit) would stop the heartbeats and is refused. So each callback
runs on a thread of its own and the loop only awaits it. Meanwhile the poll thread is
inside `poll()`, so claims have one user at a time.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener
from kafka.future import Future

if TYPE_CHECKING:
    from kafka import KafkaConsumer


class PartitionOwner(Protocol):
    """Whoever works on the assigned partitions. Each call may block for a fraction of the session timeout."""

    def assigned(self, partitions: set[int]) -> None:
        """Work may begin on these."""
        ...

    def revoked(self, partitions: set[int]) -> None:
        """Finish or hand back, and commit: somebody else owns these when this returns."""
        ...

    def lost(self, partitions: set[int]) -> None:
        """Somebody else owns these already: neither publish nor commit."""
        ...


class Membership(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python publishes no types
    """Tells *owner* about partitions, off the client's IO loop."""

    def __init__(self, consumer: "KafkaConsumer", owner: PartitionOwner) -> None:
        self._consumer = consumer
        self._owner = owner

    async def on_partitions_assigned(self, assigned: Any) -> None:
        await self._call(self._owner.assigned, assigned)

    async def on_partitions_revoked(self, revoked: Any) -> None:
        await self._call(self._owner.revoked, revoked)

    async def on_partitions_lost(self, lost: Any) -> None:
        await self._call(self._owner.lost, lost)

    async def _call(self, method: Callable[[set[int]], None], partitions: Any) -> None:
        done = Future()
        # The only way to wake the loop from another thread (kafka-python 3.0.12 has no public one).
        wake = self._consumer._net.call_soon_threadsafe

        def run() -> None:
            try:
                method({partition.partition for partition in partitions})
            except Exception as error:
                failure = error  # `error` is gone when the lambda runs
                wake(lambda: done.failure(failure))
            else:
                wake(lambda: done.success(None))

        threading.Thread(target=run, name="rebalance", daemon=True).start()
        await done
