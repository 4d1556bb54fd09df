"""
Carries out what may take its time, in order, on a thread of its own.
"""

import logging
import queue
import threading
from collections.abc import Callable

from autoscaler.kubernetes_fleet.api import ApiError

log = logging.getLogger(__name__)

Errand = Callable[[], object]

MOST = 200
"""Errands that may wait; beyond, one is refused: what it would say will be said anew."""


class Courier:
    """Runs errands. Any thread may give one."""

    def __init__(self, name: str) -> None:
        self._waiting: queue.Queue[Errand | None] = queue.Queue(MOST)
        self._failing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def send(self, errand: Errand) -> None:
        """Run *errand* soon; that it failed is logged, and that there were too many forgotten."""
        try:
            self._waiting.put_nowait(errand)
        except queue.Full:
            self._note("too much waits")

    def settled(self, within_s: float) -> bool:
        """Wait until everything sent so far has been run, at most so long; whether it has."""
        done = threading.Event()
        self.send(done.set)
        return done.wait(within_s)

    def close(self, within_s: float = 1.0) -> None:
        """Finish what waits, if that is quick. May be called again."""
        try:
            self._waiting.put(None, timeout=within_s)
        except queue.Full:
            return  # a daemon: it ends with the process
        self._thread.join(within_s)

    def _run(self) -> None:
        while (errand := self._waiting.get()) is not None:
            try:
                errand()
                self._failing = False
            except ApiError as error:
                self._note(str(error))

    def _note(self, failure: str) -> None:
        if not self._failing:
            log.warning("%s: not done: %s", self._thread.name, failure)
        self._failing = True
