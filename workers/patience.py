"""Asking again, for a while, what does not answer when a worker starts."""

import logging
import random
from collections.abc import Callable
from typing import TypeVar

from frames.backoff import delay_s
from frames.errors import UnavailableError

log = logging.getLogger(__name__)
T = TypeVar("T")


def patiently(
    attempt: Callable[[], T],
    patience_s: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    rng: random.Random,
) -> T:
    """
    Return what *attempt* returns, asking again while it raises `UnavailableError`.

    Args:
        patience_s: From the first failure on; then the last failure is raised.
        clock: Seconds, never going back.
        pause: Waits so many seconds.
    """
    failures, first_at = 0, 0.0
    while True:
        try:
            return attempt()
        except UnavailableError as error:
            first_at = first_at if failures else clock()
            wait_s = delay_s(failures, rng)
            if clock() + wait_s - first_at > patience_s:
                raise
            log.warning("%s; asking again in %.1f s", error, wait_s)
            failures += 1
            pause(wait_s)
