"""
The autoscaler as a loop: it ticks while anything runs or waits, and parks while nothing does.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing

from autoscaler.controller import Controller
from autoscaler.decision import Decision, Memory
from autoscaler.fleet import Fleet
from autoscaler.journal import Entry, Journal
from autoscaler.observation import Observation
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from autoscaler.sensor import Sensor
from autoscaler.wake import ParkedFetch
from frames.clients import KafkaSettings
from frames.topics import TopicSettings

log = logging.getLogger(__name__)

PARKED_S = 30.0
"""How long the loop trusts the parked fetch, to which a broker that is away looks like silence."""

OnDecision = Callable[[Observation, Decision], None]


def run(
    kafka: KafkaSettings,
    topics: TopicSettings,
    params: PolicySettings,
    fleet: Fleet,
    group_id: str,
    stop: threading.Event,
    on_decision: OnDecision,
) -> None:
    """
    Scale *fleet* by what waits in `topics.frames` for *group_id*, until *stop* is set.

    Returns within 2 s of that, and leaves the fleet as it is: closing it is up to its owner.

    Args:
        on_decision: Told of each decision made, before it is carried out.

    Raises:
        UnavailableError: No broker answers at the start; later outages are sat out.
        ConfigError: The workers cannot run as they are configured.
    """
    with ExitStack() as opened:
        journal = opened.enter_context(closing(Journal(kafka, topics.decisions, topics.frames)))
        parked = opened.enter_context(closing(ParkedFetch(kafka, topics.frames)))
        sensor = opened.enter_context(
            closing(Sensor(kafka, topics, group_id, fleet.replicas, params.rate_window_s))
        )

        warned = False

        def decided(observation: Observation, memory: Memory) -> tuple[Decision, Memory]:
            decision, after = decide(observation, memory, params)
            journal.append(Entry(observation, memory, decision, params))
            on_decision(observation, decision)
            nonlocal warned
            if decision.warnings and not warned:
                log.warning("; ".join(decision.warnings))
            warned = bool(decision.warnings)
            return decision, after

        def act(decision: Decision) -> None:
            fleet.scale(decision.replicas, sensor.statuses, decision.at)

        controller = Controller(sensor.observe, decided, act)
        while not stop.is_set():
            decision = controller.step(time.time())
            if controller.failures == 0 and at_rest(decision, fleet):
                park(parked, sensor, stop)
            else:
                stop.wait(params.tick_s)


def at_rest(decision: Decision | None, fleet: Fleet) -> bool:
    """Nothing waits, and nobody works or is still leaving."""
    return decision is not None and decision.replicas == decision.demand.waiting == 0 and not fleet.replicas()


def park(parked: ParkedFetch, sensor: Sensor, stop: threading.Event) -> None:
    """Sleep until the first record after those observed, *stop*, or it is time to look again."""
    look_again = time.monotonic() + PARKED_S
    sensor.woken_by = parked.wait(sensor.ends, until=lambda: stop.is_set() or time.monotonic() > look_again)
