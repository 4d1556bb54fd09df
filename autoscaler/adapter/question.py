"""
What a trigger asks for: the `metadata` of a ScaledObject, of which little is listened to.

    target: frames              which of the configured targets
    metric: desired-replicas    or queue-lag, for those who want KEDA's own rule
    lagThreshold: "10"          with queue-lag: records that are one replica's share

Everything else, a broker's address above all, is not looked at: what the adapter connects to
is said in its own settings, by whoever runs it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from autoscaler.adapter.targets import Standing, Target, Targets, named
from frames.errors import ConfigError

LAG_THRESHOLD = 10.0
"""As KEDA's Kafka scaler has it."""


class MetricName(StrEnum):
    """What can be asked for."""

    DESIRED_REPLICAS = "desired-replicas"
    QUEUE_LAG = "queue-lag"


VALUES: Mapping[MetricName, Callable[[Standing], int]] = {
    MetricName.DESIRED_REPLICAS: lambda standing: standing.replicas,
    MetricName.QUEUE_LAG: lambda standing: standing.lag,
}


@dataclass(frozen=True, slots=True)
class Question:
    """Which number of which target."""

    target: Target
    metric: MetricName
    share: float
    """How much of the metric is one replica's: the HPA divides by it."""

    def value(self, now: float) -> int:
        """
        The metric at *now*, by the monotonic clock.

        Raises:
            ObservationError: It is not known.
        """
        return VALUES[self.metric](self.target.standing(now))


def question(metadata: Mapping[str, str], targets: Targets) -> Question:
    """
    Understand the metadata of a trigger.

    Raises:
        UnknownTargetError: It names no target of ours.
        ConfigError: There is no such metric, or its threshold is no positive number.
    """
    target = named(targets, metadata.get("target", ""))
    try:
        metric = MetricName(metadata.get("metric", MetricName.DESIRED_REPLICAS))
    except ValueError as error:
        raise ConfigError(f"metric: must be {' or '.join(MetricName)}") from error
    share = 1.0 if metric is MetricName.DESIRED_REPLICAS else _threshold(metadata.get("lagThreshold"))
    return Question(target, metric, share)


def _threshold(text: str | None) -> float:
    try:
        number = LAG_THRESHOLD if text is None else float(text)
    except ValueError:
        number = math.nan
    if not 0.001 <= number < math.inf:  # the HPA counts in thousandths
        raise ConfigError("lagThreshold: must be a number, at least 0.001")
    return number
