"""
One assignment of one partition to this worker: what was taken, what may be committed.

Records finish out of order (a dead one at once, a batch later), but Kafka remembers one
offset per partition: what is committed must never pass a record without an outcome.
"""


class Claim:
    """
    Offsets of one assigned partition, from taken to finished.

    >>> claim = Claim()
    >>> for offset in (5, 6, 7): claim.taken(offset)
    >>> claim.finished(6)
    >>> claim.next_offset is None
    True
    >>> claim.finished(5)
    >>> claim.next_offset, claim.in_flight
    (7, 1)
    """

    def __init__(self) -> None:
        self._finished: dict[int, bool] = {}  # in the order taken, which is the order of offsets
        self.next_offset: int | None = None
        """The watermark: the offset after the last record before which all are finished. None: none is."""
        self.lost = False
        """The group gave the partition to somebody else without asking: publish nothing more of it."""

    @property
    def in_flight(self) -> int:
        """Records taken that the watermark has not passed."""
        return len(self._finished)

    @property
    def committable(self) -> int | None:
        """The offset to commit: of the first record that is not finished. None: nothing was taken."""
        return next(iter(self._finished)) if self._finished else self.next_offset

    @property
    def taken_to(self) -> int | None:
        """The offset after the last record taken; None: none was, or all were handed back."""
        return next(reversed(self._finished)) + 1 if self._finished else self.next_offset

    @property
    def settled(self) -> bool:
        """Every record taken has its outcome."""
        return not self._finished

    def taken(self, offset: int) -> None:
        """A record was polled. Offsets rise; gaps (transaction markers) are allowed."""
        self._finished[offset] = False

    def passed_to(self, position: int) -> None:
        """The reader stands at *position*: what lies before it and was not taken were no records."""
        if self.settled and (self.next_offset is None or self.next_offset < position):
            self.next_offset = position

    def handed_back(self, offset: int) -> None:
        """A taken record will be read again by the partition's next owner."""
        del self._finished[offset]

    def finished(self, offset: int) -> None:
        """A record's outcome is acknowledged by the broker."""
        self._finished[offset] = True
        while self._finished:
            first, finished = next(iter(self._finished.items()))
            if not finished:
                break
            del self._finished[first]
            self.next_offset = first + 1
