"""
What an autoscaler costs that has nothing to do: `autoscale.run` as it is, over an empty topic.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from autoscaler.autoscale import run
from autoscaler.fleet import Replica
from autoscaler.policy_settings import PolicySettings
from frames.clients import KafkaSettings
from frames.errors import UnavailableError
from frames.status import WorkerStatus
from frames.topics import TopicSettings, create_topics

TOPICS = TopicSettings(frames="idle", partitions=24)
SETTLED_S = 5.0
"""After which it is parked."""


@dataclass(frozen=True, slots=True)
class IdleCost:
    """What this process used while nothing happened."""

    seconds: float
    cpu_per_s: float
    """CPU seconds per second."""
    decisions: int
    """How often it looked."""

    def __str__(self) -> str:
        return f"idle for {self.seconds:.0f} s: {self.cpu_per_s:.3%} of a core, {self.decisions} decisions"


class Nobody:
    """A `Fleet` without workers."""

    def replicas(self) -> tuple[Replica, ...]:
        return ()

    def scale(self, replicas: int, statuses: Mapping[str, WorkerStatus], now: float) -> None:
        pass


def idle_cost(kafka: KafkaSettings, seconds: float) -> IdleCost:
    """Watch an idle autoscaler in a thread of this process, where nothing else runs."""
    create_topics(kafka, TOPICS)
    stop = threading.Event()
    decided_at: list[float] = []
    loop = threading.Thread(
        target=run,
        args=(kafka, TOPICS, PolicySettings(), Nobody(), "idle", stop),
        kwargs={"on_decision": lambda observation, decision: decided_at.append(decision.at)},
    )
    loop.start()
    try:
        time.sleep(SETTLED_S)
        looked, cpu, began_at = len(decided_at), time.process_time(), time.monotonic()
        time.sleep(seconds)
        used_s, passed_s = time.process_time() - cpu, time.monotonic() - began_at
        if not loop.is_alive():
            raise UnavailableError("the autoscaler ended by itself")
    finally:
        stop.set()
        loop.join()
    return IdleCost(passed_s, used_s / passed_s, len(decided_at) - looked)
