"""
The virtual topic: who may read which record next, and what is committed.

Records are numbered in the order of their arrival, over all partitions. A worker holds
the number of the next record of each of its partitions in a heap, so that its oldest
records are taken without looking at any other.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable

import numpy as np

from autoscaler.simulation.columns import Numbers


class Topic:
    """Records with their partitions and instants, and how far the group has got."""

    def __init__(self, arrivals: Numbers, partitions: int, seed: int) -> None:
        """Spread records that arrive at *arrivals*, ascending, over the partitions uniformly at random."""
        partition = np.random.default_rng(seed).integers(partitions, size=len(arrivals))
        nobody = len(arrivals)
        follower = np.full(len(arrivals), nobody)
        self._heads: list[int] = []
        for p in range(partitions):
            own = np.append(np.flatnonzero(partition == p), nobody)
            follower[own[:-1]] = own[1:]
            self._heads.append(int(own[0]))
        self.arrived_at: list[float] = [*arrivals.tolist(), np.inf]
        """Instant of each record, and of one more that never comes, which follows the last."""
        self.committed = 0
        """Records committed, over all partitions."""
        self._partition: list[int] = partition.tolist()
        self._follower: list[int] = follower.tolist()
        self._lag = [0] * partitions
        self._counted = 0

    @property
    def partitions(self) -> int:
        return len(self._heads)

    def appended(self, now: float) -> int:
        """Records that have arrived by *now*."""
        return bisect_right(self.arrived_at, now)

    def waiting(self, now: float) -> int:
        """Records that have arrived by *now* and are not committed."""
        return self.appended(now) - self.committed

    def lag(self, now: float) -> tuple[int, ...]:
        """The same by partition. *now* never goes back."""
        appended = self.appended(now)
        for record in range(self._counted, appended):
            self._lag[self._partition[record]] += 1
        self._counted = appended
        return tuple(self._lag)

    def heads(self, partitions: Iterable[int]) -> list[int]:
        """The heap that a worker takes the records of *partitions* from."""
        heap = [self._heads[p] for p in partitions]
        heapq.heapify(heap)
        return heap

    def oldest_untaken(self) -> int:
        """The record that arrived first of those which no worker has taken."""
        return min(self._heads)

    def take(self, heads: list[int], most: int, now: float) -> list[int]:
        """Take the oldest records there are by *now* from the partitions of *heads*."""
        taken: list[int] = []
        while len(taken) < most and self.arrived_at[record := heads[0]] <= now:
            taken.append(record)
            follower = self._follower[record]
            self._heads[self._partition[record]] = follower
            heapq.heapreplace(heads, follower)
        return taken

    def commit(self, records: list[int]) -> None:
        """Have done with *records*."""
        self.committed += len(records)
        for record in records:
            self._lag[self._partition[record]] -= 1
