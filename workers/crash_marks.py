"""
Attempts that survive a crash, kept where any worker finds them: beside the committed offset.

A record that kills the process (a decoder's segmentation fault, memory) is read again by
the next owner of its partition, for ever, unless somebody counts. Each commit carries a
mark that says how far records were taken; the next owner finds a mark that is ahead of
the offset only where the last one did not leave in order.

    1st crash   all is read again
    2nd crash   what was under way is processed record by record, each marked before it begins
    3rd crash   the one record that was under way is the culprit: dead, unprocessed

Kafka keeps up to 4 kB of text per committed offset (`offset.metadata.max.bytes`).
"""

import json
from dataclasses import dataclass
from typing import Self

ATTEMPTS = 3
"""Crashes that one record may cause."""
MOST_DONE = 80
"""Ranges in one mark: 80 of 42 digits and punctuation are less than 4 kB."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a worker writes beside the offset that it commits."""

    taken: int
    """Offset after the last record that it has begun or may begin any time."""
    attempts: int = 0
    """Crashes during which each record from the committed offset to `until` was under way."""
    until: int = 0
    """Offset after the last record that was under way in a crash."""
    done: tuple[tuple[int, int], ...] = ()
    """
    Records beyond the committed offset that have their outcomes: the first offset, and the one after the
    last. The next owner passes them over. At most MOST_DONE, what is left out is done again.
    """

    def text(self) -> str:
        """
        As metadata of a commit.

        >>> Mark(taken=8).text()
        '{"taken":8}'
        """
        crashed = {"attempts": self.attempts, "until": self.until} if self.attempts else {}
        done = {"done": self.done[:MOST_DONE]} if self.done else {}
        return json.dumps({"taken": self.taken} | crashed | done, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `text` wrote; None: somebody else wrote something else there, or nothing."""
        try:
            fields = json.loads(text)
            done = tuple((int(first), int(after)) for first, after in fields.pop("done", ()))
            found = cls(**fields, done=done)
        except (ValueError, TypeError, AttributeError):
            return None
        return found if all(isinstance(value, int) for value in fields.values()) else None

    def has_done(self, offset: int) -> bool:
        """The record at *offset* has its outcome."""
        return any(first <= offset < after for first, after in self.done)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What is held against the first records of an assigned partition."""

    attempts: int = 0
    """Crashes during which they were under way."""
    until: int = 0
    """Offset after the last of them."""
    condemned: int | None = None
    """Offset of the record that is certain to be the culprit."""

    @property
    def alone(self) -> bool:
        """They are to be processed one by one."""
        return self.attempts >= ATTEMPTS - 1

    def mark(self, committed: int, taken: int, done: tuple[tuple[int, int], ...] = ()) -> Mark:
        """What goes beside *committed*, once records up to *taken* were begun or may be; see `Mark`."""
        crashed = (self.attempts, self.until) if committed < self.until else (0, 0)
        return Mark(taken, *crashed, done)


def suspicion(committed: int, mark: Mark | None) -> Suspicion:
    """
    What follows from the mark that was found beside the offset *committed*.

    >>> suspicion(5, Mark(taken=5))
    Suspicion(attempts=0, until=0, condemned=None)
    >>> suspicion(5, Mark(taken=9))
    Suspicion(attempts=1, until=9, condemned=None)
    >>> suspicion(5, Mark(taken=6, attempts=2, until=9))
    Suspicion(attempts=3, until=9, condemned=5)
    """
    if mark is None:
        return Suspicion()
    known = mark.attempts if committed < mark.until else 0
    if mark.taken <= committed:  # nothing was under way
        return Suspicion(known, mark.until) if known else Suspicion()
    attempts, until = known + 1, max(mark.until if known else 0, mark.taken)
    culprit = attempts >= ATTEMPTS and mark.taken == committed + 1
    return Suspicion(attempts, until, committed if culprit else None)
