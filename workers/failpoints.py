"""
Places in a worker at which a test can make it fail; none unless the environment says so.

    DETECTSCALE_FAILPOINT="after-detect:kill:3"                  the third time it gets there
    DETECTSCALE_FAILPOINT="before-decode:segv:camera=poison"     whenever it is at this camera's frame

Several are separated by `;`. A real crash at a chosen place is what no test from outside can make.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from frames.errors import ConfigError
from workers.detector import DetectorError, DeviceLostError

VARIABLE = "DETECTSCALE_FAILPOINT"

PLACES = ("before-load", "before-decode", "detect", "after-detect", "after-publish")


def _die(number: signal.Signals) -> Callable[[str], None]:
    return lambda _: os.kill(os.getpid(), number)


def _raise(error: type[DetectorError]) -> Callable[[str], None]:
    def fail(_: str) -> None:
        raise error("a failpoint says so")

    return fail


ACTIONS: dict[str, Callable[[str], None]] = {
    "kill": _die(signal.SIGKILL),
    "stop": _die(signal.SIGSTOP),
    "segv": _die(signal.SIGSEGV),
    "raise": _raise(DetectorError),
    "lost": _raise(DeviceLostError),
    "hang": lambda _: time.sleep(1e6),
    "slow": lambda seconds: time.sleep(float(seconds)),
}


@dataclass(slots=True)
class Failpoint:
    """One place, what happens there, and when."""

    place: str
    action: str
    argument: str = ""
    """Of the action: `slow=2`."""
    camera: str | None = None
    """Each time a frame of this camera is there; None: once, at the `nth` pass."""
    nth: int = 1
    _passes: int = field(default=0, init=False)

    @classmethod
    def parse(cls, text: str) -> "Failpoint":
        """Raises ConfigError when *text* is not `PLACE:ACTION[=ARGUMENT][:N|:camera=NAME]`."""
        place, _, rest = text.partition(":")
        action, _, when = rest.partition(":")
        action, _, argument = action.partition("=")
        if place not in PLACES or action not in ACTIONS:
            raise ConfigError(
                f"{VARIABLE}: {text!r}: expected PLACE:ACTION[:N], a place of {', '.join(PLACES)} "
                f"and an action of {', '.join(ACTIONS)}"
            )
        if when.startswith("camera="):
            return cls(place, action, argument, camera=when.removeprefix("camera="))
        return cls(place, action, argument, nth=int(when or 1))

    def passed(self, place: str, camera: str | None) -> None:
        """Somebody is at *place*, with a frame of *camera*."""
        if place != self.place:
            return
        if self.camera is None:
            self._passes += 1
        if (camera == self.camera) if self.camera is not None else (self._passes == self.nth):
            ACTIONS[self.action](self.argument)


_active = [Failpoint.parse(text) for text in os.environ.get(VARIABLE, "").split(";") if text]


def passing(place: str, camera: str | None = None) -> None:
    """A worker is at *place* of PLACES."""
    for failpoint in _active:
        failpoint.passed(place, camera)
