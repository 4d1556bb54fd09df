"""
What a replica does that does not decide: it says what the other decided, and remembers as much.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing

from autoscaler.adapter.settings import Scaled
from autoscaler.adapter.tail import Tail
from autoscaler.adapter.targets import Target
from autoscaler.decision import Memory
from autoscaler.journal import Entry
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from frames.clients import KafkaSettings

WAIT_S = 0.5
"""How often it is looked whether it is our turn."""


def follow(kafka: KafkaSettings, scaled: Scaled, target: Target, until: Callable[[], bool]) -> Memory:
    """
    Publish the journal's entries as they come, *until* says so; then catch up.

    Returns:
        What whoever decided last remembers now; an empty memory if nobody has.

    Raises:
        ObservationError: The journal cannot be read.
    """
    with closing(Tail(kafka, scaled.topics.decisions, scaled.name)) as tail:
        publish(tail.rest(), target)
        while not until():
            publish(tail.read(WAIT_S), target)
            target.turned_at = time.monotonic()
        publish(tail.rest(), target)
    return memory_after(target.latest.entry, scaled.params) if target.latest is not None else Memory()


def publish(entries: Sequence[Entry], target: Target) -> None:
    """
    Make the last of *entries* the answer, and what comes before it history.

    Those up to the present answer are left out: who begins to follow reads them again.
    """
    known = target.latest.entry if target.latest is not None else None
    newer = entries[entries.index(known) + 1 :] if known in entries else entries
    if newer:
        *before, last = newer
        target.publish(last, decided_at(last, time.time(), time.monotonic()), before)


def decided_at(entry: Entry, wall: float, monotonic: float) -> float:
    """The instant of *entry* by the monotonic clock, where it is now *wall* by the other."""
    return monotonic - max(wall - entry.decision.at, 0.0)


def memory_after(entry: Entry, otherwise: PolicySettings) -> Memory:
    """What the policy remembers after *entry*, which holds what it remembered before: it decides again."""
    return decide(entry.observation, entry.memory, entry.params or otherwise)[1]
