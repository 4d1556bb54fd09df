"""How long to wait before trying again something that is away."""

import random

FIRST_S = 0.25
LONGEST_S = 15.0


def delay_s(attempt: int, rng: random.Random) -> float:
    """
    Seconds to wait after failed *attempt* (0 for the first): doubling up to 15 s, spread over
    the upper half, so that what failed together does not come back together.

    >>> [round(delay_s(attempt, random.Random(7)), 2) for attempt in (0, 1, 2, 20)]
    [0.17, 0.33, 0.66, 9.93]
    """
    return min(LONGEST_S, FIRST_S * 2.0 ** min(attempt, 30)) * rng.uniform(0.5, 1.0)
