"""
The policy that runs in production, on a virtual fleet: the same `Controller`, the same `decide`.
"""

import math
from dataclasses import dataclass
from functools import partial

from autoscaler.controller import Controller
from autoscaler.decision import Decision
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from autoscaler.simulation.plant import Plant
from autoscaler.simulation.virtual_sensor import VirtualSensor
from frames.status import WorkerState

PARKED_S = 30.0
"""With nothing to do, the loop is woken by the first record, or looks again after this long."""


@dataclass(frozen=True, slots=True)
class PolicyScaler:
    """A `Scaler`."""

    params: PolicySettings

    def __call__(self, plant: Plant, seed: int) -> None:
        """Step at once, then every tick, or parked as in `autoscale.run`. The policy has no randomness."""
        agenda, topic = plant.agenda, plant.topic
        sensor = VirtualSensor(plant, self.params.rate_window_s)
        controller = Controller(sensor.observe, partial(decide, params=self.params), partial(act, plant))

        def step() -> None:
            controller.step(agenda.now)
            at_rest = not plant.workers and topic.waiting(agenda.now) == 0
            wake_at = topic.arrived_at[topic.appended(agenda.now)]
            wait_s = min(wake_at - agenda.now, PARKED_S) if at_rest else self.params.tick_s
            agenda.call_at(agenda.now + wait_s, step)

        agenda.call_at(0.0, step)


def act(plant: Plant, decision: Decision) -> None:
    """Scale as decided; who has most left of its start leaves first, then who is idle."""
    now = plant.agenda.now
    for worker in plant.staying:
        left_s = worker.left_s(now) if worker.state is WorkerState.STARTING else None
        worker.deletion_cost = len(worker.batch) if left_s is None else -math.ceil(left_s)
    plant.scale(decision.replicas)
