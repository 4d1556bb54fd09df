"""
The autoscaler as a loop: it ticks while anything runs or waits, and parks while nothing does.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing

from autoscaler.controller import Controller
from autoscaler.decision import Decision, Memory
from autoscaler.errors import ObservationError
from autoscaler.fleet import Fleet
from autoscaler.journal import Entry, Journal
from autoscaler.observation import ColdStart, Observation
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from autoscaler.sensor import Sensor
from autoscaler.wake import ParkedFetch
from frames.clients import KafkaSettings
from frames.status import WorkerStatus
from frames.topics import TopicSettings

log = logging.getLogger(__name__)

PARKED_S = 30.0
"""How long the loop trusts the parked fetch, to which a broker that is away looks like silence."""

HURRY_S = 0.1
HURRIED_TICKS = 4
"""The first record of a burst wakes the loop before the others are there: so many looks are sooner."""

OnDecision = Callable[[Observation, Decision], None]
OnEntry = Callable[[Entry, Mapping[str, WorkerStatus]], None]


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
    warned = False

    def decided(entry: Entry, statuses: Mapping[str, WorkerStatus]) -> None:
        nonlocal warned
        on_decision(entry.observation, entry.decision)
        if entry.decision.warnings and not warned:
            log.warning("; ".join(entry.decision.warnings))
        warned = bool(entry.decision.warnings)

    for _ in steps(kafka, topics, params, fleet, group_id, topics.frames, decided, stop, stop.is_set):
        pass


def steps(
    kafka: KafkaSettings,
    topics: TopicSettings,
    params: PolicySettings,
    fleet: Fleet,
    group_id: str,
    target: str,
    decided: OnEntry,
    stop: threading.Event,
    over: Callable[[], bool],
    memory: Memory | None = None,
    usual: ColdStart | None = None,
    rest_s: float = PARKED_S,
) -> Iterator[int]:
    """
    Sense, decide and act, again and again until it is *over*.

    Args:
        target: Its name in the journal.
        decided: Told of each decision made and what the workers last said, before anybody else hears of it.
        stop: Ends a wait at once; with it, it is over.
        memory: What whoever decided last remembers; None: nobody has.
        usual: A cold start as they saw it.
        rest_s: How long to rest at most, while nothing runs or waits.

    Yields:
        After each step: how many in a row have failed.

    Raises:
        UnavailableError: No broker answers at the start.
        ConfigError: The workers cannot run as they are configured.
    """
    with ExitStack() as opened:
        journal = opened.enter_context(closing(Journal(kafka, topics.decisions, target)))
        parked = opened.enter_context(closing(ParkedFetch(kafka, topics.frames)))
        sensor = opened.enter_context(
            closing(Sensor(kafka, topics, group_id, fleet.replicas, params.rate_window_s, usual))
        )

        def decide_and_tell(observation: Observation, before: Memory) -> tuple[Decision, Memory]:
            decision, after = decide(observation, before, params)
            entry = Entry(observation, before, decision, params)
            decided(entry, sensor.statuses)
            journal.append(entry)
            return decision, after

        def act(decision: Decision) -> None:
            fleet.scale(decision.replicas, sensor.statuses, decision.at)

        controller = Controller(sensor.observe, decide_and_tell, act, memory or Memory())
        hurried = 0
        while not over():
            decision = controller.step(time.time())
            yield controller.failures
            if controller.failures == 0 and at_rest(decision, fleet):
                hurried = HURRIED_TICKS if park(parked, sensor, over, rest_s) else 0
            else:
                stop.wait(min(HURRY_S, params.tick_s) if hurried > 0 else params.tick_s)
                hurried -= 1


def at_rest(decision: Decision | None, fleet: Fleet) -> bool:
    """Nothing waits, and nobody works or is still leaving."""
    try:
        return (
            decision is not None
            and decision.replicas == decision.demand.waiting == 0
            and not fleet.replicas()
        )
    except ObservationError:
        return False


def park(parked: ParkedFetch, sensor: Sensor, over: Callable[[], bool], rest_s: float = PARKED_S) -> bool:
    """
    Sleep until the first record after those observed, until it is *over*, or it is time to look again.

    Returns:
        Whether a record has come.
    """
    look_again = time.monotonic() + rest_s
    woken_by = parked.wait(sensor.ends, until=lambda: over() or time.monotonic() > look_again)
    sensor.woken(woken_by)
    return bool(woken_by)
