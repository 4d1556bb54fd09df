"""
The parameters of the scaling policy: the `policy` section of the settings.
"""

from typing import Self

from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)


class PolicySettings(BaseModel, frozen=True, extra="forbid"):
    """Parameters of `decide`."""

    min_replicas: NonNegativeInt = 0
    max_replicas: PositiveInt = 8
    slo_s: PositiveFloat = 2.0
    """How old a frame may be, from append to result."""
    drain_target_s: PositiveFloat | None = None
    """Shortest time in which a backlog that is late anyway is to be gone; None: half of `slo_s`."""
    keep_alive_s: NonNegativeFloat = 8.0
    """How long the last replica stays with nothing to do."""
    stabilization_s: NonNegativeFloat = 5.0
    """Replicas are only given up that nothing has asked for this long."""
    target_utilization: float = Field(default=0.8, gt=0, le=1)
    """Share of a replica's time that steady arrivals may take; the rest absorbs their irregularity."""
    tolerance: float = Field(default=0.1, ge=0, lt=1)
    """A need that differs from the replicas there are by less than this share changes nothing."""
    rate_window_s: PositiveFloat = 3.0
    """Over how long arrivals are averaged."""
    max_batch: PositiveInt = 4
    """Most frames that a worker takes at once: its `worker.max_batch`."""
    service_prior_s: PositiveFloat = 0.03
    """Seconds per frame, until a worker has finished one."""
    cold_start_prior_s: PositiveFloat = 1.5
    """Seconds from birth to readiness, until a worker has become ready."""
    tick_s: PositiveFloat = 0.5
    """How often the loop looks while anything runs or waits."""

    @property
    def pace_s(self) -> float:
        """`drain_target_s`, derived where it is not set."""
        return self.slo_s / 2 if self.drain_target_s is None else self.drain_target_s

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas is {self.min_replicas}, above max_replicas {self.max_replicas}")
        return self
