"""
One assignment of one partition to this worker: what was taken, what may be committed.

Records finish out of order (a dead one at once, cameras in turn), but Kafka remembers one
offset per partition: what is committed must never pass a record without an outcome.
"""

from collections.abc import Iterator
from enum import Enum


class _Record(Enum):
    TAKEN = 1
    FINISHED = 2
    BACK = 3
    """Handed back: the partition's next owner reads it."""


class Claim:
    """
    Offsets of one assigned partition, from taken to finished.

    >>> claim = Claim()
    >>> for offset in (5, 6, 7): claim.taken(offset)
    >>> claim.finished(6)
    >>> claim.committable, claim.in_flight, list(claim.done())
    (5, 3, [(6, 7)])
    >>> claim.finished(5)
    >>> claim.committable, claim.in_flight
    (7, 1)
    >>> claim.handed_back(7)
    >>> claim.committable, claim.settled
    (7, True)
    """

    def __init__(self) -> None:
        self._records: dict[int, _Record] = {}  # in the order taken, which is the order of offsets
        self._back = 0  # how many of them were handed back
        self._passed: int | None = None
        self.lost = False
        """The group gave the partition to somebody else without asking: publish nothing more of it."""

    @property
    def committable(self) -> int | None:
        """The watermark: the offset of the first record that is not finished. None: nothing was taken."""
        return next(iter(self._records), self._passed)

    @property
    def in_flight(self) -> int:
        """Records taken, and not handed back, that the watermark has not passed."""
        return len(self._records) - self._back

    @property
    def taken_to(self) -> int | None:
        """The offset after the last record that is under way; where none is, the watermark."""
        under_way = (offset for offset in reversed(self._records) if self._records[offset] is _Record.TAKEN)
        last = next(under_way, None)
        return self.committable if last is None else last + 1

    @property
    def settled(self) -> bool:
        """Nothing is under way."""
        return _Record.TAKEN not in self._records.values()

    def done(self) -> Iterator[tuple[int, int]]:
        """Finished records that the watermark has not passed: first offset, and the one after the last."""
        first = last = None
        for offset, record in self._records.items():
            if record is not _Record.FINISHED:
                continue
            if first is not None and last is not None and offset != last + 1:
                yield first, last + 1
                first = None
            first, last = offset if first is None else first, offset
        if first is not None and last is not None:
            yield first, last + 1

    def taken(self, offset: int) -> None:
        """A record was polled. Offsets rise; gaps (transaction markers) are allowed."""
        self._mark(offset, _Record.TAKEN)

    def passed_to(self, position: int) -> None:
        """The reader stands at *position*, nothing is held: what was not taken before it were no records."""
        if not self._records and (self._passed is None or self._passed < position):
            self._passed = position

    def handed_back(self, offset: int) -> None:
        """A taken record will be read again by the partition's next owner."""
        self._mark(offset, _Record.BACK)

    def abandoned(self) -> None:
        """All that is under way will be read again, through no fault of its own."""
        for offset, record in self._records.items():
            if record is _Record.TAKEN:
                self._mark(offset, _Record.BACK)

    def finished(self, offset: int) -> None:
        """A record's outcome is acknowledged by the broker."""
        self._mark(offset, _Record.FINISHED)
        while self._records:
            first, record = next(iter(self._records.items()))
            if record is not _Record.FINISHED:
                break
            del self._records[first]
            self._passed = first + 1

    def _mark(self, offset: int, record: _Record) -> None:
        self._back += (record is _Record.BACK) - (self._records.get(offset) is _Record.BACK)
        self._records[offset] = record
