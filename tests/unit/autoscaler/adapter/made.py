"""Decisions for the tests of the adapter: real ones, of the policy."""

from dataclasses import replace

from autoscaler.adapter.targets import Target
from autoscaler.decision import Memory
from autoscaler.journal import Entry
from autoscaler.observation import Observation
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings

PARAMS = PolicySettings(max_replicas=6)
WAITING = Observation(1e9, (40, 2), 3.0, 1.0, 1, (), 0, 4, None, None, None)
"""42 records wait, one worker runs."""
UNSERVED = replace(WAITING, ready=0, in_flight=0)
IDLE = Observation(1e9, (0, 0), 0.0, None, 0, (), 0, 0, None, None, None)


def entry(seen: Observation = WAITING, replicas: int | None = None, memory: Memory | None = None) -> Entry:
    """What the policy decides, or *replicas*."""
    before = memory or Memory()
    decision, _ = decide(seen, before, PARAMS)
    return Entry(seen, before, decision if replicas is None else replace(decision, replicas=replicas), PARAMS)


def target(name: str = "frames", seen: Observation | None = None, at: float = 0.0, **made: int) -> Target:
    """With a decision made at *at*, where something was *seen*."""
    known = Target(name, PARAMS.max_replicas, stale_s=30.0)
    if seen is not None:
        known.publish(entry(seen, **made), at)
    return known
