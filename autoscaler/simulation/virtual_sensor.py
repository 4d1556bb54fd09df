"""
What the policy may see of the virtual world: what Kafka, workers and cluster would tell it.

Nothing of the future is in it but what a starting worker can tell of its own.
"""

import math
from collections import Counter
from statistics import fmean

from autoscaler.learned import REMEMBERED, fit
from autoscaler.observation import ColdStart, Observation, Start
from autoscaler.simulation.plant import Plant
from autoscaler.simulation.virtual_worker import VirtualWorker
from frames.status import WorkerState


class VirtualSensor:
    """Sees one plant."""

    def __init__(self, plant: Plant, rate_window_s: float) -> None:
        self._plant = plant
        self._rate_window_s = rate_window_s

    def observe(self, now: float) -> Observation:
        """Look at everything once."""
        plant = self._plant
        ready = plant.members
        starting = [worker for worker in plant.workers if worker.state is WorkerState.STARTING]
        return Observation(
            at=now,
            lag=plant.topic.lag(now),
            arrival_rate=self._arrival_rate(now),
            oldest_age=self._oldest_age(now),
            ready=len(ready),
            starting=tuple(Start(now - worker.created_at, worker.left_s(now)) for worker in starting),
            draining=len(plant.workers) - len(plant.staying),
            in_flight=sum(len(worker.batch) for worker in plant.workers),
            idle_for=_idle_for(ready, now),
            service_time=fit(plant.batches),
            cold_start=_learned(plant.cold_starts_s[-REMEMBERED:]),
            backlog_ages=self._backlog_ages(now),
            rebalance_s=plant.workload.rebalance_s if plant.cold_starts_s else None,
        )

    def _arrival_rate(self, now: float) -> float | None:
        window_s = min(self._rate_window_s, now)
        topic = self._plant.topic
        return (topic.appended(now) - topic.appended(now - window_s)) / window_s if window_s else None

    def _oldest(self) -> int:
        """The record that arrived first of those not committed, which may be one that is still to come."""
        taken = [worker.batch[0] for worker in self._plant.workers if worker.batch]
        return min([self._plant.topic.oldest_untaken(), *taken])

    def _oldest_age(self, now: float) -> float | None:
        oldest = self._plant.topic.arrived_at[self._oldest()]
        return now - oldest if oldest <= now else None

    def _backlog_ages(self, now: float) -> tuple[tuple[float, int], ...]:
        """In whole seconds, rounded up: a ring of readings knows no better."""
        arrived_at, done_at, expired = self._plant.topic.arrived_at, self._plant.done_at, self._plant.expired
        waiting = range(self._oldest(), self._plant.topic.appended(now))
        ages = [now - arrived_at[r] for r in waiting if done_at[r] == math.inf and r not in expired]
        return tuple(Counter(float(math.ceil(age)) for age in ages).items())


def _idle_for(ready: list[VirtualWorker], now: float) -> float | None:
    if not ready or any(worker.batch for worker in ready):
        return None
    return now - max(worker.idle_since for worker in ready)


def _learned(cold_starts_s: list[float]) -> ColdStart | None:
    if not cold_starts_s:
        return None
    p90_s = sorted(cold_starts_s)[math.ceil(0.9 * len(cold_starts_s)) - 1]
    return ColdStart(fmean(cold_starts_s), p90_s, {}, len(cold_starts_s))
