"""
From poll to inbox: which records are taken, held back, or passed over.
"""

import time
from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from frames.event import InvalidEventError, Message, decode_frame
from frames.outcome import DeadReason, RecordId
from frames.polling import poll
from workers.claim import Claim
from workers.commits import Commits
from workers.inbox import Inbox, Polled
from workers.opening import Opening
from workers.publishing import Publishing

if TYPE_CHECKING:
    from kafka import KafkaConsumer

MOST_OPEN = 1024
"""Records of a partition that the watermark has not passed: so many are done again after a crash at most."""


class Intake:
    """Polls the partitions that this worker has, as fast as there is space. Not thread-safe."""

    def __init__(
        self,
        consumer: "KafkaConsumer",
        commits: Commits,
        opening: Opening,
        inbox: Inbox,
        publishing: Publishing,
    ) -> None:
        self._consumer = consumer
        self._commits = commits
        self._opening = opening
        self._inbox = inbox
        self._publishing = publishing
        self._held: deque[Polled] = deque()
        self.claims: dict[int, Claim] = {}
        """By partition."""

    @property
    def in_flight(self) -> int:
        """Records taken that the watermarks have not passed."""
        return sum(claim.in_flight for claim in self.claims.values())

    @property
    def holds_back(self) -> bool:
        """Some were polled and not taken yet."""
        return bool(self._held)

    def adopt(self, partitions: Collection[int]) -> None:
        """Partitions were assigned to us."""
        for partition in partitions:
            self.claims[partition] = Claim()
        self._commits.adopt(partitions)

    def forget(self, partitions: Collection[int]) -> None:
        """Somebody else owns these: what is still under way of them must not be published any more."""
        for partition in list(partitions):
            self.claims.pop(partition).lost = True
        self._held = deque(polled for polled in self._held if not polled.claim.lost)
        self._commits.forget(partitions)

    def turn(self) -> None:
        """Poll once, and put into the inbox what may be processed."""
        self._pause_the_crowded()
        self._hold(poll(self._consumer, timeout_ms=25 if self.in_flight else 100))
        self._admit()

    def _pause_the_crowded(self) -> None:
        """Poll no more of partitions that fill the inbox, nor of any while records are held back."""
        assigned, paused = self._consumer.assignment(), self._consumer.paused()
        crowded = {
            place
            for place in assigned
            if self._held or ((claim := self.claims.get(place.partition)) and self._crowded(claim))
        }
        if crowded - paused:
            self._consumer.pause(*(crowded - paused))
        if roomy := paused & assigned - crowded:
            self._consumer.resume(*roomy)

    def _crowded(self, claim: Claim) -> bool:
        return self._inbox.crowded(claim) or claim.in_flight >= MOST_OPEN

    def _hold(self, fetched: dict[Any, list[Any]]) -> None:
        now = time.time()
        for place, records in fetched.items():
            claim = self.claims.get(place.partition)
            if claim is None:
                continue  # fetched before it was revoked; its next owner reads it
            self._held.extend(_polled(record, now, claim) for record in records)

    def _admit(self) -> None:
        """Pass on what was polled: one record at a time while some are under suspicion."""
        admitted: list[Polled] = []
        try:
            while self._held and not (self._commits.suspects and self.in_flight):
                if self._begin(self._held[0]):
                    admitted.append(self._held[0])
                self._held.popleft()
            # Before any of them begins: the first to begin may end this process.
            if admitted and (unmarked := self._commits.unmarked(self.claims)):
                self._commits.commit({number: self.claims[number] for number in unmarked})
        finally:
            for polled in admitted:
                self._inbox.put(polled)

    def _begin(self, polled: Polled) -> bool:
        """Take a record; returns whether it is to be processed."""
        place, claim = polled.record, polled.claim
        if self._commits.done(place.partition, place.offset):
            claim.taken(place.offset)
            claim.finished(place.offset)
            return False
        crashes = self._commits.condemned(place.partition, place.offset)
        if crashes is not None:
            detail = "the worker's process ended each time this record was under way"
            dead = self._opening.dead(polled, DeadReason.CRASHED_WORKER, "process", detail, crashes)
            self._publishing.publish(polled, dead)
            self._inbox.keep(polled)
        claim.taken(place.offset)
        return crashes is None


def _polled(record: Any, now: float, claim: Claim) -> Polled:
    message, appended_at = Message.of(record), record.timestamp / 1000
    identity = RecordId(record.topic, record.partition, record.offset)
    try:
        frame = decode_frame(message, appended_at)
    except InvalidEventError as error:
        return Polled(identity, message, error, appended_at, now, claim)
    return Polled(identity, message, frame, appended_at, now, claim)
