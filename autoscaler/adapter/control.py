"""
The thread that looks after one target: it follows until it is its turn, then it leads.
"""

import logging
import threading
import time

from autoscaler.adapter.election import Election
from autoscaler.adapter.following import follow
from autoscaler.adapter.leading import lead
from autoscaler.adapter.scaled_fleet import ScaledFleet
from autoscaler.adapter.settings import Scaled
from autoscaler.adapter.targets import Target
from autoscaler.decision import Memory
from autoscaler.errors import ObservationError
from frames.clients import KafkaSettings
from frames.errors import UnavailableError

log = logging.getLogger(__name__)

RETRY_S = 1.0


class Control:
    """One target's thread, from `run`'s beginning to its end."""

    def __init__(
        self,
        kafka: KafkaSettings,
        scaled: Scaled,
        target: Target,
        fleet: ScaledFleet,
        election: Election,
        stale_s: float,
        stop: threading.Event,
    ) -> None:
        self._kafka = kafka
        self._scaled = scaled
        self._target = target
        self._fleet = fleet
        self._election = election
        self._stale_s = stale_s
        self._stop = stop
        self._failing = False

    def run(self) -> None:
        """Keep the target's decision fresh until *stop* is set; outages of Kafka are sat out."""
        while not self._stop.is_set():
            memory = self._follow()
            if self._stop.is_set() or not self._election.held():
                self._stop.wait(RETRY_S)
                continue
            self._lead(memory)

    def _follow(self) -> Memory:
        """Follow until it is our turn, or for as long as the journal can be read."""
        self._target.turned_at = time.monotonic()
        try:
            memory = follow(
                self._kafka, self._scaled, self._target, lambda: self._stop.is_set() or self._election.held()
            )
            self._note(None)
        except ObservationError as error:
            self._note(error)
            return Memory()  # if it is our turn all the same, those who run stand for what was decided
        return memory

    def _lead(self, memory: Memory) -> None:
        log.info("%s: decides", self._target.name)
        self._target.deciding = True
        try:
            lead(
                self._kafka,
                self._scaled,
                self._target,
                self._fleet,
                memory,
                self._election,
                self._stale_s,
                self._stop,
            )
            self._note(None)
        except UnavailableError as error:
            self._note(error)
            self._stop.wait(RETRY_S)
        finally:
            self._target.deciding = False

    def _note(self, error: UnavailableError | None) -> None:
        if error is not None and not self._failing:
            log.warning("%s: %s", self._target.name, str(error))
        self._failing = error is not None
