"""
The rival that never scales.
"""

from dataclasses import dataclass

from autoscaler.simulation.plant import Plant


@dataclass(frozen=True, slots=True)
class AlwaysOn:
    """A `Scaler` that has its workers from the first instant to the last."""

    replicas: int

    def __call__(self, plant: Plant, seed: int) -> None:
        plant.have_ready(self.replicas)
