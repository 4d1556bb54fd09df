"""
Outcomes on their way to the broker, and which of them it has acknowledged.
"""

from collections.abc import Iterator
from dataclasses import replace
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


class Publishing:
    """Sends from any thread; one thread asks what is settled."""

    def __init__(self, producer: "KafkaProducer", topics: TopicSettings) -> None:
        self._producer = producer
        self._topic = {
            Kind.DETECTED: topics.detections,
            Kind.EXPIRED: topics.expired,
            Kind.DEAD: topics.dead,
        }
        self._settled: SimpleQueue[tuple[Polled, Outcome | None]] = SimpleQueue()
        self.failure: UnavailableError | None = None
        """Why an outcome did not reach the broker; None: all did, or are on their way."""

    def publish(self, polled: Polled, outcome: Outcome) -> None:
        """Send the outcome of *polled* to the topic of its kind."""
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

    def settled(self, timeout_s: float) -> Iterator[tuple[Polled, Outcome | None]]:
        """
        What was settled since the last call; waits for the first.

        Each record comes with its outcome, which the broker has acknowledged; None: it was given up.
        """
        try:
            yield self._settled.get(timeout=max(timeout_s, 0.0))
            while True:
                yield self._settled.get_nowait()
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
