"""
Kubernetes' HorizontalPodAutoscaler v2 for one external metric with an AverageValue target.

Sources: the HPA documentation; KEP-853 (`behavior`); KEP-4951 (`tolerance` by direction);
Kubernetes, pkg/controller/podautoscaler (horizontal.go, replica_calculator.go).
"""

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

SYNC_S = 15.0
"""How often the controller looks."""
DEFAULT_STABILIZATION_S = 300.0
LONGEST_WINDOW_S = 3600.0
"""The API allows no longer one."""
TOLERANCE = 0.1


class PolicyType(StrEnum):
    PODS = "Pods"
    PERCENT = "Percent"


class SelectPolicy(StrEnum):
    """Which of several policies holds: the one that changes most, least, or none may change anything."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """At most so many pods, or per cent of them, in a period."""

    type: PolicyType
    value: int
    period_s: float = SYNC_S

    def pods(self, replicas: int) -> int:
        """By how many pods it lets *replicas*, the count before the period, change."""
        return self.value if self.type is PolicyType.PODS else math.ceil(replicas * self.value / 100)


@dataclass(frozen=True, slots=True)
class ScalingRules:
    """One direction of `behavior`."""

    policies: tuple[ScalingPolicy, ...]
    stabilization_s: float
    select: SelectPolicy = SelectPolicy.MAX
    tolerance: float = TOLERANCE


UP = ScalingRules((ScalingPolicy(PolicyType.PODS, 4), ScalingPolicy(PolicyType.PERCENT, 100)), 0.0)
DOWN = ScalingRules((ScalingPolicy(PolicyType.PERCENT, 100),), DEFAULT_STABILIZATION_S)


@dataclass(frozen=True, slots=True)
class Behavior:
    """`spec.behavior`, with its defaults."""

    up: ScalingRules = UP
    down: ScalingRules = DOWN


class Hpa:
    """One HPA object: its settings, and what it remembers of the last hour."""

    def __init__(
        self, target: float, min_replicas: int, max_replicas: int, behavior: Behavior | None
    ) -> None:
        """
        Args:
            target: Of the metric for each replica.
            behavior: None: the rules from before there was one.
        """
        self._target = target
        self._min = min_replicas
        self._max = max_replicas
        self._rules = behavior or Behavior()
        self._limit = self._by_behavior if behavior else self._plainly
        self._recommended = _history()
        self._changes = _history()

    def sync(self, metric: float, current: int, now: float) -> int:
        """The replica count for *metric*, the total; 0 replicas switch the HPA off."""
        if current == 0:
            return 0
        recommended = self._recommend(metric, current)
        self._recommended.append((now, recommended))
        desired = self._limit(recommended, current, now)
        self._changes.append((now, desired - current))
        return desired

    def _recommend(self, metric: float, current: int) -> int:
        ratio = metric / (self._target * current)
        if 1 - self._rules.down.tolerance <= ratio <= 1 + self._rules.up.tolerance:
            return current
        return math.ceil(metric / self._target)

    def _plainly(self, recommended: int, current: int, now: float) -> int:
        highest = max(recommended, *_recent(self._recommended, DEFAULT_STABILIZATION_S, now))
        return max(min(highest, self._max, max(2 * current, 4)), self._min)

    def _by_behavior(self, recommended: int, current: int, now: float) -> int:
        up, down = self._rules.up, self._rules.down
        lowest = min([recommended, *_recent(self._recommended, up.stabilization_s, now)])
        highest = max([recommended, *_recent(self._recommended, down.stabilization_s, now)])
        stabilized = min(max(current, lowest), highest)
        most = current + self._step(up, current, now, 1)
        least = current - self._step(down, current, now, -1)
        return min(max(stabilized, least, self._min), most, self._max)

    def _step(self, rules: ScalingRules, current: int, now: float, sign: int) -> int:
        """By how many pods *rules* let the count change now, up (sign 1) or down (-1)."""
        if rules.select is SelectPolicy.DISABLED:
            return 0
        steps = []
        for policy in rules.policies:
            changed = sign * sum(_recent(self._changes, policy.period_s, now))
            steps.append(policy.pods(current - sign * changed) - changed)
        return max(0, max(steps) if rules.select is SelectPolicy.MAX else min(steps))


History = deque[tuple[float, int]]


def _history() -> History:
    return deque(maxlen=int(LONGEST_WINDOW_S / SYNC_S))


def _recent(history: History, window_s: float, now: float) -> list[int]:
    since = now - window_s + 1e-6  # what is exactly a window old is over
    return [number for at, number in history if at > since]
