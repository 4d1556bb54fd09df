"""
From acknowledged outcomes to watermarks and commits; and how what has begun is finished before it leaves.
"""

import logging
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from kafka.errors import KafkaError

from frames.polling import poll
from workers.commits import Commits
from workers.failpoints import passing
from workers.inbox import Inbox
from workers.instruments import Instruments
from workers.intake import Intake
from workers.publishing import Publishing

if TYPE_CHECKING:
    from kafka import KafkaConsumer

log = logging.getLogger(__name__)


class Completion:
    """Settles and commits what was taken in. Not thread-safe."""

    def __init__(
        self,
        consumer: "KafkaConsumer",
        commits: Commits,
        intake: Intake,
        inbox: Inbox,
        publishing: Publishing,
        instruments: Instruments,
    ) -> None:
        self._consumer = consumer
        self._commits = commits
        self._intake = intake
        self._inbox = inbox
        self._publishing = publishing
        self._instruments = instruments
        self.tried_at = 0.0
        """When a commit was last tried, on the monotonic clock."""

    def settle(self, timeout_s: float, least: int = 1) -> None:
        """Advance the watermarks by what the broker acknowledged; waits *timeout_s* for the first *least*."""
        for polled, outcome in self._publishing.settled(timeout_s, least):
            self._inbox.release(polled)
            if outcome is None:
                polled.claim.handed_back(polled.record.offset)
                continue
            self._instruments.acknowledged(polled, outcome)
            passing("after-publish", polled.camera)
            polled.claim.finished(polled.record.offset)

    def commit_all(self) -> None:
        """Commit the watermarks of all partitions; what Kafka does not take yet is left to the next time."""
        self._pass_control_records()
        self._commit(self._intake.claims)

    def commit_at_last(self, timeout_s: float) -> None:
        """Commit before we leave: while a rebalance goes on Kafka takes nothing, and only polling ends it."""
        deadline = time.monotonic() + timeout_s
        try:
            while not self._commit(self._intake.claims) and time.monotonic() < deadline:
                poll(self._consumer, timeout_ms=50)
        except KafkaError as error:
            log.warning("left without a last commit: %r", error)

    def finish(self, partitions: Collection[int], timeout_s: float, goes_on: Callable[[], bool]) -> None:
        """
        Hand back what waits of *partitions*; finish and commit what has begun, within *timeout_s*.

        Args:
            goes_on: Asked at each turn; False: nothing more will be finished.
        """
        claims = [self._intake.claims[partition] for partition in partitions]
        for polled in self._inbox.withdraw(claims):
            polled.claim.handed_back(polled.record.offset)
        deadline = time.monotonic() + timeout_s
        while not all(claim.settled for claim in claims) and goes_on():
            if time.monotonic() > deadline:
                left = sum(claim.in_flight for claim in claims)
                log.warning("abandoned %d begun frames: not finished within %g s", left, timeout_s)
                for claim in claims:
                    claim.abandoned()
                break
            self._publishing.flush()
            self.settle(timeout_s=0.05)
        self._commit(partitions)

    def drop(self, partitions: Collection[int]) -> None:
        """Somebody else owns *partitions* already: what waits of them is not begun."""
        self._inbox.withdraw([self._intake.claims[partition] for partition in partitions])
        self._intake.forget(partitions)

    def _commit(self, partitions: Collection[int]) -> bool:
        self.tried_at = time.monotonic()
        return self._commits.commit({partition: self._intake.claims[partition] for partition in partitions})

    def _pass_control_records(self) -> None:
        """Have the watermarks pass the markers of transactions, which would look like lag for ever."""
        if self._intake.in_flight or self._intake.holds_back:
            return
        for place in self._consumer.assignment():
            claim, end = self._intake.claims.get(place.partition), self._consumer.highwater(place)
            if claim is None or end is None or claim.committable == end:
                continue
            position = self._consumer.position(place, timeout_ms=0)
            if position is not None:
                claim.passed_to(position)
