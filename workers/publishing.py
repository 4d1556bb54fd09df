"""
Outcomes on their way to the broker, and which of them it has acknowledged.

Sent one by one, each costs client and broker a request (1.1 ms and 1.5 ms of CPU, measured). So
while there is plenty to do they are gathered, and sent together by the poll thread, which commits
right after: a crash then repeats hardly any, since nearly all of its work was either committed or
not published.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from kafka.errors import MessageSizeTooLargeError

from frames.errors import UnavailableError
from frames.event import MAX_ATTRIBUTE_CHARACTERS, Message
from frames.outcome import Dead, DeadReason, Kind, Outcome
from frames.topics import TopicSettings
from workers.inbox import Polled

if TYPE_CHECKING:
    from kafka import KafkaProducer


AT_ONCE = 64
"""Outcomes: a crash before their commit repeats no more, however many a rebalance has held up."""


class Publishing:
    """Takes outcomes from any thread; one thread flushes, and asks what is settled."""

    def __init__(
        self, producer: "KafkaProducer", topics: TopicSettings, on_zombie: Callable[[], None]
    ) -> None:
        """
        Args:
            on_zombie: Called when an outcome is thrown away: another worker owns its partition by now.
        """
        self._producer = producer
        self._on_zombie = on_zombie
        self._topic = {
            Kind.DETECTED: topics.detections,
            Kind.EXPIRED: topics.expired,
            Kind.DEAD: topics.dead,
        }
        self.gathers = False
        """Outcomes wait for `flush`; set by the thread that calls it."""
        self._gathered: deque[tuple[Polled, Outcome]] = deque()
        self._settled: SimpleQueue[tuple[Polled, Outcome | None]] = SimpleQueue()
        self.failure: UnavailableError | None = None
        """Why an outcome did not reach the broker; None: all did, or are on their way."""

    def publish(self, polled: Polled, outcome: Outcome) -> None:
        """Send the outcome of *polled* to the topic of its kind, now or with a later `flush`, in order."""
        if self.gathers or self._gathered:
            self._gathered.append((polled, outcome))
        else:
            self._send_outcome(polled, outcome)

    def flush(self) -> int:
        """Send what was gathered, AT_ONCE of it at most; returns how many outcomes."""
        flushed = 0
        while self._gathered and flushed < AT_ONCE:
            self._send_outcome(*self._gathered.popleft())
            flushed += 1
        return flushed

    def _send_outcome(self, polled: Polled, outcome: Outcome) -> None:
        if polled.claim.lost:
            self._on_zombie()
            self.give_up(polled)
            return
        topic = self._topic[outcome.kind]
        try:
            future = self.send(topic, outcome.message())
        except MessageSizeTooLargeError:
            future = self.send(topic, without_content(outcome).message())
        future.add_callback(lambda _: self._settled.put((polled, outcome)))
        future.add_errback(self._failed)

    def send(self, topic: str, message: Message) -> Any:
        """Send any message; returns kafka-python's future."""
        return self._producer.send(topic, key=message.key, value=message.value, headers=list(message.headers))

    def give_up(self, polled: Polled) -> None:
        """Nothing will be sent for *polled*: the partition's next owner reads it."""
        self._settled.put((polled, None))

    def settled(self, timeout_s: float, least: int = 1) -> Iterator[tuple[Polled, Outcome | None]]:
        """
        What was settled since the last call; waits up to *timeout_s* for the first *least* of them.

        Each record comes with its outcome, which the broker has acknowledged; None: it was given up.
        """
        deadline = time.monotonic() + timeout_s
        try:
            for number in count(1):
                left_s = deadline - time.monotonic() if number <= least else 0.0
                yield self._settled.get(timeout=max(left_s, 0.0))
        except Empty:
            return

    def _failed(self, error: BaseException) -> None:
        self.failure = UnavailableError(
            f"kafka: the broker took no result: {error}; nothing of it was committed"
        )


def without_content(outcome: Outcome) -> Outcome:
    """
    What a dead letter says, without the record that does not fit into it.

    Unpacked, a record of a compressed batch may be larger than any record may be.
    """
    if not isinstance(outcome, Dead):
        return outcome
    key = outcome.original.key
    detail = f"{len(outcome.original.value)} bytes unpacked, left out of this letter: {outcome.detail}"
    return replace(
        outcome,
        original=Message(key and key[:MAX_ATTRIBUTE_CHARACTERS], b"", []),
        reason=DeadReason.IMAGE_TOO_LARGE,
        detail=detail,
    )
