"""
KEDA's Kafka scaler with the HPA it makes: the rival.

The operator polls lag to switch between 0 and 1; above that the HPA asks for the lag
at its own pace.

Source: KEDA, pkg/scalers/apache_kafka_scaler.go, pkg/scaling/executor/scale_scaledobjects.go.
"""

import random
from dataclasses import dataclass

from autoscaler.simulation.hpa import SYNC_S, Behavior, Hpa
from autoscaler.simulation.plant import Plant


@dataclass(frozen=True, slots=True)
class KedaScaler:
    """A `Scaler`; the defaults are KEDA's."""

    lag_threshold: int = 10
    activation_lag_threshold: int = 0
    polling_s: float = 30.0
    cooldown_s: float = 300.0
    behavior: Behavior | None = None

    def __call__(self, plant: Plant, seed: int) -> None:
        """Poll and sync with random phases."""
        phase = random.Random(f"keda {seed}")  # noqa: S311  # repeatable, not secret
        agenda, operator = plant.agenda, Operator(self, plant)
        agenda.call_every(self.polling_s, phase.uniform(0, self.polling_s), operator.poll)
        agenda.call_every(SYNC_S, phase.uniform(0, SYNC_S), operator.sync)

    def metric(self, lag: int, partitions: int) -> int:
        """
        The lag as the HPA is told it: capped, so that it asks for no more than one replica per partition.

        The division drops the fraction, so a lag of up to P + 1 thresholds slips through
        and asks for one replica too many; upstream does the same.

        >>> [KedaScaler(lag_threshold=10).metric(lag, partitions=2) for lag in (20, 29, 30)]
        [20, 29, 20]
        """
        return partitions * self.lag_threshold if lag // self.lag_threshold > partitions else lag


class Operator:
    """KEDA's operator and the HPA at work on one plant."""

    def __init__(self, settings: KedaScaler, plant: Plant) -> None:
        workload = plant.workload
        self._settings = settings
        self._plant = plant
        self._min = workload.min_replicas
        self._hpa = Hpa(
            settings.lag_threshold, max(workload.min_replicas, 1), workload.most_workers, settings.behavior
        )
        self._active_at = 0.0

    def poll(self) -> None:
        """Activate, or deactivate after the cooldown."""
        now, replicas = self._plant.agenda.now, len(self._plant.staying)
        active = self._plant.topic.waiting(now) > self._settings.activation_lag_threshold
        if active:
            self._active_at = now
        if active and replicas == 0:
            self._plant.scale(max(self._min, 1))
        elif not active and self._min == 0 and now - self._active_at > self._settings.cooldown_s:
            self._plant.scale(0)

    def sync(self) -> None:
        """Let the HPA have its turn."""
        now, replicas = self._plant.agenda.now, len(self._plant.staying)
        lag = self._plant.topic.waiting(now)
        metric = self._settings.metric(lag, self._plant.workload.partitions)
        self._plant.scale(self._hpa.sync(metric, replicas, now))
