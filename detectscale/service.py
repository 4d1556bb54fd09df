"""Running until told to stop."""

import signal
import threading
from types import FrameType


def interrupt_on_sigterm() -> None:
    """Let SIGTERM end a command as Ctrl-C does: by an exception that unwinds what was started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def stop_on_signals() -> threading.Event:
    """
    An event that the first SIGINT or SIGTERM sets; a second one interrupts the stopping too.

    Call it in the main thread.
    """
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    return stop
