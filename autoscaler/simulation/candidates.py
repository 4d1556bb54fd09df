"""
The scalers that can be compared, by name.

Most names stand for one scaler. Two stand for many, of which the one counts that a
user would have chosen in hindsight: no real user can, so they are hard rivals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from autoscaler.policy_settings import PolicySettings
from autoscaler.simulation.always_on import AlwaysOn
from autoscaler.simulation.hpa import DOWN, Behavior
from autoscaler.simulation.keda_scaler import KedaScaler
from autoscaler.simulation.policy_scaler import PolicyScaler
from autoscaler.simulation.run import Scaler
from autoscaler.simulation.workload import Workload

TICK_S = 2.0
RATE_WINDOW_S = 60.0
KEEP_ALIVE_S = 900.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scaler with its settings in words."""

    settings: str
    scaler: Scaler


def deadline_drain(workload: Workload) -> list[Candidate]:
    """The policy that runs in production, told what an operator would know: goal, bounds, rough speeds."""
    params = PolicySettings(
        min_replicas=workload.min_replicas,
        max_replicas=workload.max_replicas,
        slo_s=workload.slo_s,
        max_batch=workload.max_batch,
        max_age_s=workload.max_age_s,
        service_prior_s=1 / workload.worker_rate,
        cold_start_prior_s=max(workload.cold_start.mean_s, 1.0),
        keep_alive_s=KEEP_ALIVE_S,
        rate_window_s=RATE_WINDOW_S,
        tick_s=TICK_S,
    )
    return [Candidate("", PolicyScaler(params))]


def keda_default(workload: Workload) -> list[Candidate]:
    """KEDA as it is when only the topic and the group are named."""
    return [Candidate("defaults", KedaScaler())]


def keda_rule(workload: Workload) -> list[Candidate]:
    """KEDA by the best simple rule known: half of what one worker can do within the goal."""
    return [_tuned(_lag_threshold(workload, 0.5), polling_s=5, stabilization_s=60, cooldown_s=60)]


def keda_grid(workload: Workload) -> list[Candidate]:
    """KEDA with each of 72 sensible settings."""
    thresholds = (10, *(_lag_threshold(workload, share) for share in (0.1, 0.25, 0.5, 0.75, 1.0)))
    return [_tuned(*settings) for settings in product(thresholds, (5, 30), (15, 60, 300), (30, 300))]


def always_on(workload: Workload) -> list[Candidate]:
    """Each number of workers, all of them there throughout."""
    return [
        Candidate(f"{replicas} workers", AlwaysOn(replicas))
        for replicas in range(max(workload.min_replicas, 1), workload.most_workers + 1)
    ]


CANDIDATES: Mapping[str, Callable[[Workload], list[Candidate]]] = {
    "deadline-drain": deadline_drain,
    "keda-default": keda_default,
    "keda-rule": keda_rule,
    "keda-grid": keda_grid,
    "always-on": always_on,
}


def _lag_threshold(workload: Workload, share: float) -> int:
    """Records that one worker does in *share* of the goal; KEDA takes whole numbers only."""
    return max(round(workload.worker_rate * workload.slo_s * share), 1)


def _tuned(lag_threshold: int, polling_s: float, stabilization_s: float, cooldown_s: float) -> Candidate:
    return Candidate(
        f"lagThreshold {lag_threshold}, pollingInterval {polling_s:g} s, cooldownPeriod {cooldown_s:g} s, "
        f"scale-down stabilization {stabilization_s:g} s",
        KedaScaler(
            lag_threshold,
            polling_s=polling_s,
            cooldown_s=cooldown_s,
            behavior=Behavior(down=replace(DOWN, stabilization_s=stabilization_s)),
        ),
    )
