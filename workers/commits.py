"""
What this worker has committed of its partitions, and the mark beside each offset (crash_marks.py).
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from kafka import TopicPartition
from kafka.errors import CommitFailedError, KafkaError
from kafka.structs import OffsetAndMetadata

from workers.claim import Claim
from workers.crash_marks import Mark, Suspicion, suspicion

if TYPE_CHECKING:
    from kafka import KafkaConsumer

log = logging.getLogger(__name__)

TIMEOUT_MS = 2_000
HOLD_S = 3.0
"""So long results wait for commits that are refused: a rebalance is mostly over by then."""


class Commits:
    """Commits the watermarks of one topic. Not thread-safe."""

    def __init__(
        self, consumer: "KafkaConsumer", topic: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._consumer = consumer
        self._topic = topic
        self._clock = clock
        self.confirmed_at: float | None = None
        """Instant of the last commit that Kafka confirmed, seconds since the epoch; None: none yet."""
        self._suspicions: dict[int, Suspicion] = {}
        self._found: dict[int, Mark] = {}
        self._sent: dict[int, tuple[int, Mark]] = {}
        self._refused_since: float | None = None

    @property
    def hold_results(self) -> bool:
        """Kafka takes no commit for now, a rebalance goes on: after a crash, results would be there twice."""
        return self._refused_since is not None and self._clock() < self._refused_since + HOLD_S

    def adopt(self, partitions: Collection[int]) -> None:
        """Read what the last owner of *partitions* left behind, before anything of them is taken."""
        self.forget(partitions)
        for place, kept in self._fetch(partitions).items():
            mark = Mark.read(kept.metadata or "")
            if mark is not None:
                self._found[place.partition] = mark
            known = suspicion(kept.offset, mark)
            if known.attempts:
                log.warning(
                    "partition %d: its last owner crashed; %d times now with the records from %d to %d",
                    place.partition,
                    known.attempts,
                    kept.offset,
                    known.until - 1,
                )
                self._suspicions[place.partition] = known
                done = mark.done if mark is not None else ()
                self._send({place.partition: (kept.offset, known.mark(kept.offset, kept.offset, done))})

    def done(self, partition: int, offset: int) -> bool:
        """This record has its outcome from an owner before us, though the committed offset is not past it."""
        return partition in self._found and self._found[partition].has_done(offset)

    def condemned(self, partition: int, offset: int) -> int | None:
        """How many crashes this record has caused for certain, if those are enough; else None."""
        known = self._suspicions.get(partition)
        return known.attempts if known is not None and known.condemned == offset else None

    @property
    def suspects(self) -> bool:
        """Some records are to be processed one by one."""
        return any(known.alone for known in self._suspicions.values())

    def unmarked(self, claims: Mapping[int, Claim]) -> list[int]:
        """The partitions of which records are under way, while Kafka knows of none, or of fewer suspects."""
        return [
            number for number, claim in claims.items() if claim.in_flight and not self._marked(number, claim)
        ]

    def commit(self, claims: Mapping[int, Claim]) -> bool:
        """Commit what has changed of *claims*; False: Kafka did not take it, it is to be committed yet."""
        moved: dict[int, tuple[int, Mark]] = {}
        for partition, claim in claims.items():
            offset, taken = claim.committable, claim.taken_to
            if offset is None or taken is None:
                continue
            known = self._suspicions.get(partition, Suspicion())
            if offset >= known.until:
                self._suspicions.pop(partition, None)
            mark = known.mark(offset, taken, tuple(claim.done()))
            if self._sent.get(partition) != (offset, mark):
                moved[partition] = offset, mark
        taken = not moved or self._send(moved)
        if taken:
            self._refused_since = None
        elif self._refused_since is None:
            self._refused_since = self._clock()
        return taken

    def forget(self, partitions: Collection[int]) -> None:
        """These are somebody else's."""
        for partition in partitions:
            for known in (self._sent, self._suspicions, self._found):
                known.pop(partition, None)

    def _fetch(self, partitions: Collection[int]) -> Mapping[Any, Any]:
        wanted = [TopicPartition(self._topic, partition) for partition in partitions]
        try:
            # One request for all; the public `committed` makes one for each.
            found = self._consumer._coordinator.fetch_committed_offsets(wanted, timeout_ms=TIMEOUT_MS)
        except KafkaError as error:  # a crash more than ATTEMPTS is better than a worker less
            log.warning("what crashed before is not known: %r", error)
            return {}
        known: Mapping[Any, Any] = found
        return known

    def _marked(self, partition: int, claim: Claim) -> bool:
        sent = self._sent.get(partition)
        if sent is None:
            return False
        offset, mark = sent
        return mark.taken == claim.taken_to if self.suspects else mark.taken > offset

    def _send(self, moved: Mapping[int, tuple[int, Mark]]) -> bool:
        offsets: dict[Any, Any] = {
            TopicPartition(self._topic, partition): OffsetAndMetadata(offset, mark.text())
            for partition, (offset, mark) in moved.items()
        }
        try:
            self._consumer.commit(offsets, timeout_ms=TIMEOUT_MS)
        except CommitFailedError:
            log.warning("expelled from the group: the next owners will read %s again", sorted(moved))
        except KafkaError as error:  # a rebalance goes on, or the broker is away: the next round commits it
            log.info("not committed yet: %r", error)
        else:
            self._sent |= moved
            self.confirmed_at = time.time()
            return True
        return False
