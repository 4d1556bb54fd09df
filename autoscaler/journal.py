"""
The journal: every decision with what it was made from, on the topic `decisions`.

An entry holds the memory *before* the decision and the parameters. `decide` is pure, so
that is enough to make the decision again, on any machine, and to go on from where
another autoscaler stopped.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from autoscaler.decision import Decision, Memory
from autoscaler.follower import Follower
from autoscaler.observation import Observation
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from frames.clients import KafkaSettings, producer

log = logging.getLogger(__name__)

SEND_TIMEOUT_S = 0.5
"""How long the journal may hold up the loop when the broker is away."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of the control loop."""

    observation: Observation
    memory: Memory
    """As it was before the decision."""
    decision: Decision
    params: PolicySettings | None = None
    """By which it was decided; None: it was written before entries said so."""


_JSON = TypeAdapter(Entry)


def write(entry: Entry) -> bytes:
    """*entry* as JSON; every float keeps its last bit."""
    return _JSON.dump_json(entry)


def read(text: bytes) -> Entry:
    """
    The entry that `write` made.

    Raises:
        ValueError: *text* is not one.
    """
    return _JSON.validate_json(text)


def replay(journal: Iterable[Entry], otherwise: PolicySettings) -> Iterator[Decision]:
    """
    Decide everything in *journal* again: the same decisions bit for bit.

    Args:
        otherwise: Parameters for entries that do not say theirs.
    """
    for entry in journal:
        yield decide(entry.observation, entry.memory, entry.params or otherwise)[0]


class Journal:
    """Writes entries to the topic `decisions`. A broker that is away costs entries, never a decision."""

    def __init__(self, kafka: KafkaSettings, topic: str, target: str) -> None:
        """
        Connect to the broker.

        Args:
            target: What is scaled: the key of the records.

        Raises:
            UnavailableError: There is no broker.
        """
        self._producer = producer(kafka, max_block_ms=int(SEND_TIMEOUT_S * 1000))
        self._topic = topic
        self._key = target.encode()
        self._lost = False

    def append(self, entry: Entry) -> None:
        """Send *entry* without waiting for it."""
        from kafka.errors import KafkaError

        try:
            sent = self._producer.send(self._topic, key=self._key, value=write(entry))
            sent.add_callback(lambda _: self._note(None))
            sent.add_errback(self._note)
        except KafkaError as error:
            self._note(error)

    def close(self) -> None:
        """Send what is under way, if that is quick."""
        self._producer.close(timeout=SEND_TIMEOUT_S)

    def _note(self, error: Exception | None) -> None:
        if error is not None and not self._lost:
            log.warning("decisions are not written to %s: %s", self._topic, str(error))
        self._lost = error is not None


def read_journal(kafka: KafkaSettings, topic: str, target: str) -> list[Entry]:
    """
    Every entry about *target* that the topic holds, oldest first; what is no entry is left out.

    Raises:
        ObservationError: Kafka does not answer, or has no such topic.
    """
    follower = Follower(kafka, topic)
    try:
        records = [record for record in follower.new_records() if record.key == target.encode()]
    finally:
        follower.close()
    return list(_entries(record.value for record in records))


def _entries(texts: Iterable[bytes]) -> Iterator[Entry]:
    for text in texts:
        try:
            yield read(text)
        except ValidationError as error:
            log.warning("not a journal entry: %s", error)
