"""
The control loop's one step: sense, decide, act. The same object on a laptop, under KEDA and in the simulator.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from autoscaler.decision import Decision, Memory, Reason
from autoscaler.errors import ActuationError, ObservationError
from autoscaler.observation import Observation

log = logging.getLogger(__name__)

Sense = Callable[[float], Observation]
Decide = Callable[[Observation, Memory], tuple[Decision, Memory]]
Act = Callable[[Decision], None]


class Controller:
    """Closes the loop once per `step`; keeps the policy's memory and the last decision, frozen values."""

    def __init__(self, sense: Sense, decide: Decide, act: Act, memory: Memory | None = None) -> None:
        """
        Args:
            memory: What whoever decided last remembers; None: nobody has.
        """
        self._sense = sense
        self._decide = decide
        self._act = act
        self._memory = memory or Memory()
        self._last: Decision | None = None
        self.failures = 0
        """Steps in a row that failed."""

    def step(self, now: float) -> Decision | None:
        """
        Run the loop once at *now*; return the decision that holds, None while there is none.

        Without a fresh observation the last decision holds and is carried out again, so
        that the fleet is looked after. A failure is logged when it begins and when it ends.
        """
        failure: ObservationError | ActuationError | None = None
        try:
            self._last, self._memory = self._decide(self._sense(now), self._memory)
        except ObservationError as error:
            failure = error
            self._last = self._last and replace(self._last, at=now, reason=Reason.HELD)
        try:
            if self._last is not None:
                self._act(self._last)
        except ActuationError as error:
            failure = error
        self._count(failure)
        return self._last

    def _count(self, failure: ObservationError | ActuationError | None) -> None:
        if failure is not None and self.failures == 0:
            log.warning("the last decision holds: %s", str(failure))  # its frames hold sockets
        if failure is None and self.failures > 0:
            log.warning("sees and acts again, after %d failed steps", self.failures)
        self.failures = self.failures + 1 if failure is not None else 0
