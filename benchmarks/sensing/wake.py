"""
How soon an idle autoscaler has decided after a producer was given a frame to send.

The steps are those of `autoscale.run`: look, park, be woken, look again, decide. What
comes after the decision is left out, and the commits of the workers are made by hand.
"""

import random
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoscaler.autoscale import park
from autoscaler.decision import Memory
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from autoscaler.sensor import Sensor
from autoscaler.wake import ParkedFetch
from benchmarks.sensing.commits import commit, until_it_answers
from frames.clients import KafkaSettings, admin, producer
from frames.errors import UnavailableError
from frames.topics import TopicSettings, create_topics

TOPICS = TopicSettings(frames="wake", partitions=24)
GROUP = "workers"
FRAME = b"x" * 60_000
PARKED_S = (0.15, 0.35)
"""How long it is parked, at least and at most: long enough for the age of the frame to be looked up."""
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class WakeLatency:
    """Milliseconds from `send` to the decision."""

    wakes: int
    p50_ms: float
    p99_ms: float

    def __str__(self) -> str:
        return f"produce to decision, {self.wakes} wakes: p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms"


def wake_latency(kafka: KafkaSettings, wakes: int) -> WakeLatency:
    """Let an autoscaler park and wake it, again and again."""
    create_topics(kafka, TOPICS)
    params = PolicySettings()
    rng = random.Random(0)  # noqa: S311  # repeatable, not secret
    took_ms = []
    with ExitStack() as opened:
        frames = opened.enter_context(closing(producer(kafka)))
        workers = opened.enter_context(closing(admin(kafka)))
        parked = opened.enter_context(closing(ParkedFetch(kafka, TOPICS.frames)))
        sensor = opened.enter_context(closing(Sensor(kafka, TOPICS, GROUP, tuple, params.rate_window_s)))
        until_it_answers(lambda: sensor.observe(time.time()))
        commit(workers, GROUP, TOPICS.frames, dict.fromkeys(range(TOPICS.partitions), 0))
        for _ in range(WARM_UP + wakes):
            sensor.observe(time.time())
            camera = Camera(frames, rng.randrange(TOPICS.partitions), rng.uniform(*PARKED_S))
            park(parked, sensor, over=lambda: False)
            seen = sensor.observe(time.time())
            decide(seen, Memory(), params)
            took_ms.append((time.perf_counter() - camera.sent_at()) * 1000)
            if seen.waiting != 1:
                raise UnavailableError(f"the autoscaler woke to {seen.waiting} frames, not to one")
            commit(workers, GROUP, TOPICS.frames, sensor.ends)
    p50, p99 = np.quantile(took_ms[WARM_UP:], (0.5, 0.99))
    return WakeLatency(wakes, float(p50), float(p99))


class Camera:
    """Sends one frame, after a while, from a thread of its own."""

    def __init__(self, frames: Any, partition: int, after_s: float) -> None:
        self._frames = frames
        self._partition = partition
        self._sent_at = 0.0
        self._timer = threading.Timer(after_s, self._send)
        self._timer.start()

    def sent_at(self) -> float:
        """Instant on `time.perf_counter`; waits for it."""
        self._timer.join()
        return self._sent_at

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._frames.send(TOPICS.frames, FRAME, partition=self._partition)
