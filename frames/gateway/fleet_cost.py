"""
What the fleet cost, beside what keeping its peak all the time would have cost, and KEDA's defaults.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frames.gateway.aside import Aside
from frames.gateway.fleet_history import Moment
from frames.gateway.problem import ProblemError


@dataclass(frozen=True, slots=True)
class RivalCost:
    """What another scaler would have come to."""

    replica_s: float
    """Seconds of all its workers."""
    finished: int
    """Frames."""
    attainment: float
    """Share of the frames within the goal: to be late costs nothing."""


Simulate = Callable[[str, Sequence[float], float], RivalCost | None]
"""
What KEDA's defaults would have come to: of a target, for frames appended at these instants (ascending,
seconds), up to so many seconds. None: too little is known of its workers.
"""

MOST_FRAMES = 50_000
"""More are not simulated: that takes half a second of a core."""
EVERY_S = 15.0
"""A figure is so old before it is simulated again."""
PAUSE_S = 2.0
"""Between two simulations, whoever asks for whatever."""
MOST_KNOWN = 200


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    per_1000: float | None
    """Replica seconds per 1,000 frames that were finished; None: not known."""
    note: str


class FleetCost:
    """
    Works out costs; simulates only when asked, aside, and not often. Belongs to the event loop.

    Args:
        monotonic: Seconds, never set back.
    """

    def __init__(self, simulate: Simulate, monotonic: Callable[[], float]) -> None:
        self._simulate = simulate
        self._monotonic = monotonic
        self._aside = Aside("the simulation", 1, timeout_s=5.0)
        self._known: dict[tuple[str, int], _Known] = {}
        self._free_at = 0.0

    async def of(self, target: str, minutes: int, moments: Sequence[Moment]) -> dict[str, Any] | None:
        """The cost over *moments*, the decisions of the last *minutes*, as clients are told."""
        if len(moments) < 2:
            return None
        first, last = moments[0], moments[-1]
        frames = last.served - first.served
        replica_s = last.replica_s - first.replica_s
        watched_s = last.watched_s - first.watched_s
        peak = max(moment.decided.replicas for moment in moments)
        keda = await self._keda(target, minutes, moments)

        return {
            "since": first.decided.at,
            "frames": frames,
            "gpu_seconds": round(replica_s, 2),
            "gpu_seconds_per_1000": _per_1000(replica_s, frames),
            "always_on_per_1000": _per_1000(peak * watched_s, frames),
            "keda_per_1000": keda.per_1000,
            "keda_note": keda.note,
        }

    async def _keda(self, target: str, minutes: int, moments: Sequence[Moment]) -> _Known:
        key = (target, minutes)
        known = self._known.get(key)
        now = self._monotonic()
        if known is not None and now - known.at < EVERY_S:
            return known
        if self._aside.full or now < self._free_at:
            return known or _Known(now, None, "not simulated yet")
        instants = arrivals(moments)
        if len(instants) > MOST_FRAMES:
            known = _Known(now, None, f"more than {MOST_FRAMES} frames: not simulated")
        else:
            horizon_s = moments[-1].watched_s - moments[0].watched_s
            try:
                found = await self._aside.run(lambda: self._simulate(target, instants, horizon_s))
            except ProblemError as late:
                known = _Known(now, None, late.detail)
            else:
                known = _Known(
                    now, _per_1000(found.replica_s, found.finished) if found else None, _note(found)
                )
            self._free_at = self._monotonic() + PAUSE_S
        while len(self._known) >= MOST_KNOWN:
            self._known.pop(next(iter(self._known)))
        self._known[key] = known
        return known


def _per_1000(seconds: float, frames: int) -> float | None:
    return round(1000 * seconds / frames, 2) if frames else None


def _note(found: RivalCost | None) -> str:
    if found is None:
        return "not simulated: how fast workers start and work has not been seen yet"
    if not found.finished:
        return "KEDA's Kafka scaler at its defaults, simulated: it would not have finished a frame yet"
    return (
        "KEDA's Kafka scaler at its defaults, simulated: arrivals rebuilt from what the autoscaler saw, "
        f"workers as fast as these, and none of them at first; {found.attainment:.0%} of the frames in time"
    )


def arrivals(moments: Sequence[Moment]) -> list[float]:
    """
    When the frames came, seconds since the first of *moments*, unknown gaps left out; as many as fit
    between two decisions come evenly.
    """
    arrived = np.maximum.accumulate([moment.arrived - moments[0].arrived for moment in moments])
    watched = np.array([moment.watched_s - moments[0].watched_s for moment in moments])
    count = int(arrived[-1])
    instants: list[float] = np.interp(np.arange(count) + 0.5, arrived, watched).tolist()
    return instants
