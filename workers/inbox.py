"""
What was polled and has no outcome yet: a queue for the detecting thread, bounded in bytes.

The poll thread must never block, or the worker would be expelled from its group; so
`put` never does, and `full` tells it to pause its partitions. A record's bytes count
until its outcome is acknowledged, since the producer holds on to them until then.
"""

import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from frames.event import Message
from frames.outcome import RecordId
from workers.claim import Claim


@dataclass(frozen=True, slots=True)
class Polled:
    """One record of `frames` as it was read."""

    record: RecordId
    message: Message
    appended_at: float
    """The record's timestamp, seconds since the epoch."""
    polled_at: float
    """Instant it was read, seconds since the epoch."""
    claim: Claim
    """The assignment under which it was read."""

    @property
    def size(self) -> int:
        """Bytes it keeps in memory, nearly."""
        message = self.message
        headers = sum(len(name) + len(value) for name, value in message.headers)
        return len(message.value) + len(message.key or b"") + headers + OVERHEAD_BYTES


OVERHEAD_BYTES = 1024
"""What a record without any content takes: a flood of empty ones is bounded too."""


class Inbox:
    """Polled records in order, between two threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._waiting: deque[Polled] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def full(self) -> bool:
        """As many bytes have no outcome yet as are allowed: poll no more for now."""
        return self._bytes >= self._max_bytes

    def put(self, polled: Polled) -> None:
        """Add a record; never blocks and never refuses."""
        with self._changed:
            self._waiting.append(polled)
            self._bytes += polled.size
            self._changed.notify()

    def take(self, most: int) -> list[Polled]:
        """The next records, at most *most*; waits for the first. Empty only once the inbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def release(self, polled: Polled) -> None:
        """A record that was taken needs its memory no longer."""
        with self._changed:
            self._bytes -= polled.size

    def withdraw(self, claims: Collection[Claim]) -> list[Polled]:
        """Remove and return the waiting records of *claims*, in order."""
        with self._changed:
            removed = [polled for polled in self._waiting if polled.claim in claims]
            self._waiting = deque(polled for polled in self._waiting if polled.claim not in claims)
            self._bytes -= sum(polled.size for polled in removed)
            return removed

    def close(self) -> None:
        """Nothing more will come: the detecting thread finishes what waits, then gets an empty batch."""
        with self._changed:
            self._closed = True
            self._changed.notify()
