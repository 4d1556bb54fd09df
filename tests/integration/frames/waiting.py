"""Waiting for a condition, and for a thread to end."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from frames.projector import Projector

DEADLINE_S = 30.0


def eventually(fact: Callable[[], bool]) -> None:
    """Wait until *fact* holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running(projector: Projector) -> Iterator[None]:
    """Let *projector* run for the length of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()
