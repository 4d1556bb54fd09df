"""
When the oldest waiting record was appended, by bisection over Kafka's time index.

The ring of end offsets brackets the instant between two readings, after a restart
only between the epoch and now. Each step asks for all partitions at once, so that a
restart costs about 15 requests and a usual step 3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoscaler.arrivals import Bracket

RESOLUTION_S = 0.1
"""Doubt about the age that is left in place."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a record stands in its partition, and its timestamp in seconds since the epoch."""

    offset: int
    at: float


Lookup = Callable[[Mapping[int, float]], Mapping[int, Stamp | None]]
"""The first record stamped at or after the given instant, per partition; None: there is none."""


def oldest_append(waiting: Mapping[int, tuple[int, Bracket]], first_since: Lookup) -> float:
    """
    Find when the oldest of some records was appended; if in doubt, the earlier instant.

    Args:
        waiting: Partition → offset of its first waiting record, and what is known of its append; not empty.
    """
    known = dict(waiting)
    while wide := {p: entry for p, entry in known.items() if entry[1].width > RESOLUTION_S}:
        middle = {p: (bracket.after + bracket.by) / 2 for p, (_, bracket) in wide.items()}
        found = first_since(middle)
        for p, (offset, bracket) in wide.items():
            known[p] = offset, narrowed(bracket, middle[p], offset, found[p])
    return min(bracket.after for _, bracket in known.values())


def narrowed(bracket: Bracket, middle: float, offset: int, first: Stamp | None) -> Bracket:
    """
    Halve *bracket*, knowing that *first* is the first record stamped at or after *middle*.

    >>> narrowed(Bracket(0.0, 100.0), 50.0, offset=7, first=Stamp(3, 90.0))
    Bracket(after=90.0, by=100.0)
    >>> narrowed(Bracket(0.0, 100.0), 50.0, offset=7, first=Stamp(8, 51.0))
    Bracket(after=0.0, by=50.0)
    """
    if first is None or first.offset > offset:
        return Bracket(bracket.after, middle)
    stamped = min(max(first.at, middle), bracket.by)
    return Bracket(stamped, stamped if first.offset == offset else bracket.by)
