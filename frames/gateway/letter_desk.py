"""
Dead letters, looked at and put back, from an event loop.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from frames.clients import KafkaSettings
from frames.dead_letters import list_letters
from frames.gateway.aside import Aside
from frames.gateway.letter_shelf import LetterShelf, Shelf
from frames.gateway.problem import ProblemError, Reason
from frames.letter import Letter, Wanted
from frames.redrive import Plan, plan, redrive
from frames.topics import TopicSettings

FRESH_S = 2.0
"""A look at the topic is good for so long, for everybody."""
LOOK_S = 20.0
REDRIVE_S = 120.0
MOST_REDRIVEN = 1000
"""Letters put back by one request."""


class LetterDesk:
    """
    Belongs to one event loop.

    Args:
        monotonic: Seconds, never set back.
    """

    def __init__(self, kafka: KafkaSettings, topics: TopicSettings, monotonic: Callable[[], float]) -> None:
        self._kafka = kafka
        self._topics = topics
        self._monotonic = monotonic
        self._letters = LetterShelf(kafka, topics)
        self._looking = Aside("reading dead letters", 1, LOOK_S)
        self._redriving = Aside("putting dead letters back", 1, REDRIVE_S)
        self._turn = asyncio.Lock()
        self._seen: Shelf | None = None
        self._seen_at = 0.0

    async def look(self) -> Shelf:
        """
        The newest letters; who comes while another one looks is told the same.

        Raises:
            UnavailableError, ProblemError: 503, Kafka does not answer.
        """
        async with self._turn:
            if self._seen is None or self._monotonic() - self._seen_at > FRESH_S:
                self._seen = None
                self._seen = await self._looking.run(self._letters.look)
                self._seen_at = self._monotonic()
            return self._seen

    async def redrive(self, wanted: Wanted, dry_run: bool) -> tuple[Plan, int]:
        """
        Put the oldest `MOST_REDRIVEN` letters that are *wanted* back, unless it is a *dry_run*.

        Returns:
            What was done, or would be, and how many more are left to do.

        Raises:
            ProblemError: 409, another one is under way here; 503, it takes too long, and goes on.
            UnavailableError: As `frames.redrive.redrive`.
        """
        if self._redriving.full:
            raise ProblemError(
                HTTPStatus.CONFLICT, Reason.REDRIVE_RUNS, "dead letters are being put back already", 5.0
            )
        first = First(wanted, MOST_REDRIVEN)
        try:
            done = await self._redriving.run(partial(self._planned if dry_run else self._done, first))
        finally:
            self._seen = None
        return done, first.left

    def _planned(self, wanted: Wanted) -> Plan:
        return plan(filter(wanted, list_letters(self._kafka, self._topics)))

    def _done(self, wanted: Wanted) -> Plan:
        return redrive(self._kafka, self._topics, wanted)


class First:
    """Of the letters that are *wanted* and can be put back, the first *most* that it is asked about."""

    def __init__(self, wanted: Wanted, most: int) -> None:
        self._wanted = wanted
        self._room = most
        self.left = 0
        """For which there was no room."""

    def __call__(self, letter: Letter) -> bool:
        if not self._wanted(letter):
            return False
        if letter.redriven or letter.obstacle:
            return True
        if not self._room:
            self.left += 1
            return False
        self._room -= 1
        return True
