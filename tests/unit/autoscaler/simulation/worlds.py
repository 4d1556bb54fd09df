"""Small workloads, and scalers that do as they are told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from autoscaler.observation import ServiceTime
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.plant import Plant
from autoscaler.simulation.workload import Workload

COLD_START_S = 10.0
REBALANCE_S = 3.0


def workload(arrivals: Sequence[float], **changes: object) -> Workload:
    """Records at *arrivals* for up to four workers, which take exactly 1 s for a record or two."""
    usual = Workload(
        arrivals=np.array(arrivals, float),
        slo_s=60.0,
        service=ServiceTime(1.0, 0.0),
        max_batch=2,
        cv=0.0,
        partitions=4,
        cold_start=ColdStartLaw((0.0, 1.0), (COLD_START_S, COLD_START_S)),
        rebalance_s=REBALANCE_S,
        min_replicas=0,
        max_replicas=4,
    )
    return replace(usual, **changes)


@dataclass
class Script:
    """A scaler that asks for given replicas at given instants; keeps the plant to look at."""

    steps: Sequence[tuple[float, int]]
    plant: Plant | None = None

    def __call__(self, plant: Plant, seed: int) -> None:
        self.plant = plant
        for at, replicas in self.steps:
            plant.agenda.call_at(at, partial(plant.scale, replicas))
