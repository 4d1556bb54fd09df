"""
Puts dead letters back into `frames`, each at most once, whatever happens meanwhile.

The frame and the mark of its letter are written in one Kafka transaction: readers see both or neither
(unless `kafka.isolation_level` lets them see what is aborted). All redrives of a topic share one
transactional id, so that one that starts ends what a killed one left open, and fences one that runs.

While a transaction is open, nobody reads further in the partitions that it writes to. So it is kept
short, and given up by the broker after `TRANSACTION_S`.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from frames.clients import KafkaSettings, producer
from frames.dead_letters import list_letters, read_contents
from frames.errors import UnavailableError
from frames.event import Message
from frames.letter import Letter, Wanted, mark, original
from frames.outcome import RecordId
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaProducer

CHUNK_LETTERS = 100
CHUNK_BYTES = 16 * 1024 * 1024
TRANSACTION_S = 10.0
WAIT_S = 30.0
"""How long the broker may take for one chunk."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a redrive does with the letters that are meant."""

    put_back: Collection[RecordId] = field(repr=False)
    already: int
    """Letters that an earlier redrive put back."""
    obstacles: Mapping[str, int]
    """Letters that cannot be put back, by why."""


def plan(letters: Iterable[Letter]) -> Plan:
    """What to do with *letters*."""
    letters = list(letters)
    dead = [letter for letter in letters if not letter.redriven]
    return Plan(
        frozenset(letter.place for letter in dead if not letter.obstacle),
        len(letters) - len(dead),
        Counter(letter.obstacle for letter in dead if letter.obstacle),
    )


def redrive(
    kafka: KafkaSettings,
    topics: TopicSettings,
    wanted: Wanted,
    on_sent: Callable[[int, int], None] = lambda sent, of: None,
) -> Plan:
    """
    Put the letters that are *wanted* back, unless they were before; return what was done.

    Args:
        on_sent: Called after each letter with how many were sent, and of how many; the last
            `CHUNK_LETTERS` of them may still come to nothing.

    Raises:
        UnavailableError: The broker does not answer or does not take them, or another redrive has
            taken over. What was put back by then is marked: the next redrive goes on from there.
    """
    with _transactions(kafka, topics) as client:
        todo = plan(letter for letter in list_letters(kafka, topics) if wanted(letter))
        sent = 0
        for chunk in _chunks(read_contents(kafka, topics, todo.put_back)):
            with _transaction(client):
                futures = []
                for letter in chunk:
                    futures.append(_send(client, topics.dead, mark(letter), letter.place.partition))
                    futures.append(_send(client, topics.frames, original(letter)))
                    sent += 1
                    on_sent(sent, len(todo.put_back))
                client.flush(WAIT_S)
                for future in futures:
                    future.get(timeout=WAIT_S)
    return todo


@contextmanager
def _transactions(kafka: KafkaSettings, topics: TopicSettings) -> Iterator["KafkaProducer"]:
    """A producer whose predecessor's transaction has ended, one way or the other."""
    from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

    client = producer(
        kafka,
        transactional_id=f"{topics.dead}.redrive",
        transaction_timeout_ms=int(TRANSACTION_S * 1000),
        linger_ms=5,
        batch_size=1024 * 1024,
    )
    try:
        client.init_transactions()
        yield client
    except (InvalidProducerEpochError, ProducerFencedError) as error:
        raise UnavailableError("dlq redrive: another redrive of these letters has taken over") from error
    except KafkaError as error:
        raise UnavailableError(
            f"dlq redrive: the broker does not take them: {error!r}; run it again to go on"
        ) from error
    finally:
        with suppress(KafkaError):
            _within(WAIT_S / 6, client.close)


@contextmanager
def _transaction(client: "KafkaProducer") -> Iterator[None]:
    """Commit what the block sends, or none of it."""
    from kafka.errors import KafkaError

    client.begin_transaction()
    try:
        yield
        _within(WAIT_S, client.commit_transaction)
    except BaseException:
        with suppress(KafkaError):  # else it ends by time-out, or at the next redrive
            _within(WAIT_S / 6, client.abort_transaction)
        raise


def _send(client: "KafkaProducer", topic: str, message: Message, partition: int | None = None) -> Any:
    return client.send(topic, message.value, message.key, list(message.headers), partition)


def _chunks(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """*letters* in transactions, none of which holds much in memory."""
    chunk: list[Letter] = []
    for letter in letters:
        chunk.append(letter)
        if len(chunk) == CHUNK_LETTERS or sum(each.size for each in chunk) >= CHUNK_BYTES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _within(timeout_s: float, call: Callable[[], None]) -> None:
    """
    Make *call*, or raise KafkaTimeoutError: kafka-python waits for the end of a transaction without limit.
    """
    from kafka.errors import KafkaTimeoutError

    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            call()
        except BaseException as error:
            done.put(error)
        else:
            done.put(None)

    threading.Thread(target=run, name="redrive", daemon=True).start()
    try:
        error = done.get(timeout=timeout_s)
    except Empty:
        raise KafkaTimeoutError(f"no answer within {timeout_s:g} s") from None
    if error is not None:
        raise error
