"""
What the replica does that decides: the control loop of one target.

The loop is that of `autoscale.run`, but it goes on from another's memory, ends when it is
another's turn, and whom it tells is KEDA.
"""

import logging
import math
import threading
import time
from contextlib import ExitStack, closing
from functools import partial

from autoscaler.adapter.election import Election
from autoscaler.adapter.following import decided_at
from autoscaler.adapter.scaled_fleet import ScaledFleet
from autoscaler.adapter.settings import Scaled
from autoscaler.adapter.targets import Target
from autoscaler.autoscale import at_rest
from autoscaler.controller import Controller
from autoscaler.decision import Decision, Memory
from autoscaler.journal import Entry, Journal
from autoscaler.observation import Observation
from autoscaler.policy import decide
from autoscaler.sensor import Sensor
from autoscaler.wake import ParkedFetch
from frames.clients import KafkaSettings

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
    with ExitStack() as opened:
        topics, params = scaled.topics, scaled.params
        journal = opened.enter_context(closing(Journal(kafka, topics.decisions, scaled.name)))
        parked = opened.enter_context(closing(ParkedFetch(kafka, topics.frames)))
        sensor = opened.enter_context(
            closing(Sensor(kafka, topics, scaled.group_id, fleet.replicas, params.rate_window_s))
        )
        inherited = iter((memory,))

        def decided(observation: Observation, so_far: Memory) -> tuple[Decision, Memory]:
            before = next(inherited, so_far)
            decision, after = decide(observation, before, params)
            fleet.surge(decision)
            entry = Entry(observation, before, decision, params)
            journal.append(entry)
            _log_change(target, decision)
            target.publish(entry, decided_at(entry, time.time(), time.monotonic()))
            return decision, after

        def act(decision: Decision) -> None:
            fleet.scale(decision.replicas, sensor.statuses, decision.at)

        def over(at: float = math.inf) -> bool:
            return stop.is_set() or not election.held() or time.monotonic() > at

        controller = Controller(sensor.observe, decided, act)
        worked_at = time.monotonic()
        while not over():
            decision = controller.step(time.time())
            target.turned_at = now = time.monotonic()
            if controller.failures == 0:
                worked_at = now
            elif now - worked_at > stale_s:
                election.resign()
            if controller.failures == 0 and at_rest(decision, fleet):
                sensor.woken_by = parked.wait(sensor.ends, until=partial(over, now + stale_s / 3))
            else:
                stop.wait(params.tick_s)


def _log_change(target: Target, decision: Decision) -> None:
    before = target.latest.replicas if target.latest is not None else 0
    if decision.replicas != before:
        log.info("%s: %d → %s", target.name, before, decision.explain())
