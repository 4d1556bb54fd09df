"""
How many replicas' worth of work a number of replicas does; pure.

Partitions are dealt out whole. With 24 of them, 7 replicas are no faster than 6: the
busiest has four either way. And while few partitions hold most of the backlog, the
replicas that have the others idle.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int_]


def even(replicas: Counts, partitions: int) -> Numbers:
    """
    Replicas that count, where all partitions have the same load.

    >>> even(np.array([0, 1, 5, 6, 7, 24]), 24).tolist()
    [0.0, 1.0, 4.8, 6.0, 6.0, 24.0]
    """
    largest_share = np.ceil(partitions / np.maximum(replicas, 1))
    return np.where(replicas > 0, partitions / largest_share, 0.0)


@lru_cache
def distinct(partitions: int, most: int) -> tuple[int, ...]:
    """
    The sizes of a fleet that differ in what they can do, ascending: the cheapest of each kind.

    >>> distinct(24, 24)
    (1, 2, 3, 4, 5, 6, 8, 12, 24)
    """
    sizes = {-(-partitions // k) for k in range(1, partitions + 1)}
    return tuple(sorted(size for size in sizes if size <= most))


def skewed(replicas: Counts, lag: Sequence[int], expected: float) -> Numbers:
    """
    Replicas that count, for a backlog *lag* by partition and *expected* records still to come, evenly.

    All the work over the work of the busiest replica.

    >>> skewed(np.array([1, 2, 4]), (9, 1, 1, 1), expected=0).tolist()
    [1.0, 1.2, 1.3333333333333333]
    """
    fair = even(replicas, len(lag))
    work = sum(lag) + expected
    if not work:
        return fair
    place, weights = np.arange(len(lag)), np.array(lag, float)
    busiest = np.array([np.bincount(place % n, weights).max() for n in replicas])
    return np.minimum(fair, work / (busiest + expected / fair))
