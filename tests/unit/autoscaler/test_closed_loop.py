"""The policy in a loop with a plant small enough to check by eye: one queue, workers that start slowly."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from autoscaler.arrivals import Arrivals
from autoscaler.decision import Decision, Memory
from autoscaler.observation import ColdStart, Observation, ServiceTime, Start
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings

STEP_S = 0.05
COLD_START = ColdStart(mean_s=1.2, p90_s=1.5, phases_s={})


@dataclass
class Plant:
    """Frames arrive, ready workers serve them; a worker's speed may depend on how many there are."""

    arrival_rate: Callable[[float], float]
    service_s: Callable[[int], float]
    now: float = 0.0
    queue: deque[float] = field(default_factory=deque)
    arrived: float = 0.0
    served: float = 0.0
    born: list[float] = field(default_factory=list)
    idle_since: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def ready(self) -> int:
        return sum(self.now - born >= COLD_START.mean_s for born in self.born)

    def advance(self) -> None:
        self.now += STEP_S
        before, self.arrived = int(self.arrived), self.arrived + self.arrival_rate(self.now) * STEP_S
        self.queue.extend([self.now] * (int(self.arrived) - before))
        self.served += self.ready * STEP_S / self.service_s(len(self.born) or 1)
        while self.served >= 1 and self.queue:
            self.latencies.append(self.now - self.queue.popleft())
            self.idle_since = self.now
            self.served -= 1
        if not self.queue:
            self.served = 0.0

    def observe(self, arrivals: Arrivals, params: PolicySettings) -> Observation:
        arrivals.add(self.now, (int(self.arrived),))
        starting = [self.now - born for born in self.born if self.now - born < COLD_START.mean_s]
        return Observation(
            at=self.now,
            lag=tuple((len(self.queue) + p) // 8 for p in range(8)),
            arrival_rate=arrivals.rate(params.rate_window_s),
            oldest_age=self.now - self.queue[0] if self.queue else None,
            ready=self.ready,
            starting=tuple(Start(age) for age in starting),
            draining=0,
            in_flight=min(len(self.queue), self.ready),
            idle_for=self.now - self.idle_since if self.ready and not self.queue else None,
            service_time=ServiceTime(0.0, self.service_s(len(self.born) or 1)),
            cold_start=COLD_START,
        )

    def scale(self, replicas: int) -> None:
        self.born = self.born[:replicas] + [self.now] * (replicas - len(self.born))


def drive(plant: Plant, params: PolicySettings, until: float) -> list[Decision]:
    """Run the loop as `autoscale.run` does: parked at zero, woken by the first record, ticking in between."""
    arrivals, memory, decisions = Arrivals(), Memory(), []
    next_tick = 0.0
    while plant.now < until:
        plant.advance()
        parked = not plant.born and not plant.queue and decisions and decisions[-1].replicas == 0
        if plant.now >= next_tick and not parked:
            decision, memory = decide(plant.observe(arrivals, params), memory, params)
            plant.scale(decision.replicas)
            decisions.append(decision)
            next_tick = plant.now + params.tick_s
    return decisions


def rush(at: float, until: float, rate: float) -> Callable[[float], float]:
    return lambda now: rate if at <= now < until else 0.0


def replicas_at(decisions: list[Decision], instant: float) -> int:
    return [decision.replicas for decision in decisions if decision.at <= instant][-1]


@pytest.mark.parametrize(
    ("rate", "service_s", "fewest", "most"),
    [
        pytest.param(60.0, 0.020, 2, 4, id="60/s at 50/s each"),
        pytest.param(100.0, 0.025, 3, 8, id="100/s at 40/s each"),
        pytest.param(5.0, 0.020, 1, 1, id="a trickle"),
    ],
)
def test_a_rush_raises_the_fleet_quickly_and_quiet_returns_it_to_zero(rate, service_s, fewest, most):
    params = PolicySettings()
    plant = Plant(rush(5.0, 35.0, rate), lambda _: service_s)

    decisions = drive(plant, params, until=60.0)

    assert replicas_at(decisions, 4.9) == 0
    assert fewest <= replicas_at(decisions, 6.1) <= max(d.replicas for d in decisions) <= most
    assert replicas_at(decisions, 34.0) == pytest.approx(rate * service_s / 0.8, abs=1.0)
    assert replicas_at(decisions, 42.5) == 1
    assert replicas_at(decisions, 35.0 + params.keep_alive_s + 2 * params.tick_s) == 0
    assert not plant.queue


def test_after_the_cold_start_every_frame_is_in_time():
    plant = Plant(rush(5.0, 65.0, 80.0), lambda _: 0.02)

    drive(plant, PolicySettings(), until=70.0)

    late = sum(latency > 2.0 for latency in plant.latencies)
    assert late <= 80.0 * 3.0


def test_workers_that_slow_each_other_down_stay_within_the_maximum_and_go_away():
    params = PolicySettings(max_replicas=6)
    plant = Plant(rush(5.0, 35.0, 80.0), lambda workers: 0.02 * max(workers / 2, 1.0))

    decisions = drive(plant, params, until=60.0)

    assert max(decision.replicas for decision in decisions) <= 6
    assert decisions[-1].replicas == 0


def test_frames_that_come_one_by_one_keep_a_single_worker():
    plant = Plant(lambda now: 0.5, lambda _: 0.02)

    decisions = drive(plant, PolicySettings(), until=60.0)

    assert {decision.replicas for decision in decisions if decision.at > 3.0} == {1}


def test_a_second_wake_up_is_as_quick_as_the_first():
    plant = Plant(lambda now: 80.0 if 5 <= now < 15 or 40 <= now < 50 else 0.0, lambda _: 0.02)

    decisions = drive(plant, PolicySettings(), until=70.0)

    assert replicas_at(decisions, 39.9) == 0
    assert replicas_at(decisions, 41.1) >= 2
    assert decisions[-1].replicas == 0
