"""
What the replica does that decides: the control loop of one target.

It goes on from another's memory, ends when it is another's turn, and whom it tells is KEDA.
"""

import logging
import threading
import time
from collections.abc import Mapping

from autoscaler.adapter.election import Election
from autoscaler.adapter.following import decided_at
from autoscaler.adapter.scaled_fleet import ScaledFleet
from autoscaler.adapter.settings import Scaled
from autoscaler.adapter.targets import Target
from autoscaler.autoscale import steps
from autoscaler.decision import Decision, Memory
from autoscaler.journal import Entry
from autoscaler.observation import ColdStart
from frames.clients import KafkaSettings
from frames.status import WorkerStatus

log = logging.getLogger(__name__)


def lead(
    kafka: KafkaSettings,
    scaled: Scaled,
    target: Target,
    fleet: ScaledFleet,
    memory: Memory,
    election: Election,
    stale_s: float,
    stop: threading.Event,
) -> None:
    """
    Decide for *target* until *stop*, or until it is another's turn.

    Args:
        memory: What whoever decided last remembers.
        stale_s: A decision holds no longer. So at rest it is made anew well before, and who has
            made none for as long lets another try.

    Raises:
        UnavailableError: No broker answers at the start; later outages are sat out.
    """

    def decided(entry: Entry, statuses: Mapping[str, WorkerStatus]) -> None:
        fleet.anticipate(entry.decision, statuses)
        _log_change(target, entry.decision)
        target.publish(entry, decided_at(entry, time.time(), time.monotonic()))

    def over() -> bool:
        return stop.is_set() or not election.held()

    worked_at = time.monotonic()
    for failures in steps(
        kafka,
        scaled.topics,
        scaled.params,
        fleet,
        scaled.group_id,
        scaled.name,
        decided,
        stop,
        over,
        memory,
        _usual(target),
        rest_s=stale_s / 3,
    ):
        target.turned_at = now = time.monotonic()
        if failures == 0:
            worked_at = now
        elif now - worked_at > stale_s:
            election.resign()


def _usual(target: Target) -> ColdStart | None:
    return target.latest.entry.observation.cold_start if target.latest is not None else None


def _log_change(target: Target, decision: Decision) -> None:
    before = target.latest.replicas if target.latest is not None else 0
    if decision.replicas != before:
        log.info("%s: %d → %s", target.name, before, decision.explain())
