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
    slo_share: float = Field(default=0.78, gt=0, le=1)
    """Share of `slo_s` that is planned with; the rest is for surprises (chosen by looking at traces)."""
    late_price: PositiveFloat = 120.0
    """What a late record costs, in times of what its detection costs (chosen by looking at traces)."""
    keep_alive_s: NonNegativeFloat = 8.0
    """How long the last replica may stay with nothing to do; it goes sooner where the gaps seen say so."""
    rate_window_s: PositiveFloat = 3.0
    """Over how long arrivals are averaged."""
    max_batch: PositiveInt = 4
    """Most frames that a worker takes at once: its `worker.max_batch`."""
    max_age_s: PositiveFloat | None = None
    """Age after which a worker drops a frame unseen: its `worker.max_age_s`; None: it drops none."""
    service_prior_s: PositiveFloat = 0.03
    """Seconds per frame, until a worker has finished one."""
    cold_start_prior_s: PositiveFloat = 1.5
    """Seconds from birth to readiness, until some workers have become ready."""
    rebalance_prior_s: NonNegativeFloat = 0.3
    """Seconds for which nobody takes records after a worker came or went, while that is not measured."""
    tick_s: PositiveFloat = 0.5
    """How often the loop looks while anything runs or waits."""

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas is {self.min_replicas}, above max_replicas {self.max_replicas}")
        return self
