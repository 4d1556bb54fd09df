"""
The parameters of a worker: the `worker` section of the settings.

In a file of its own, since `worker.py` imports kafka-python, which takes 0.1 s.
"""

from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from workers.freshness import FreshnessRule


class WorkerSettings(BaseModel, frozen=True, extra="forbid"):
    """How a worker works: the `worker` section of the settings."""

    group_id: str = "detectscale-workers"
    """The consumer group all workers of a target share."""
    max_batch: PositiveInt = 4
    """Most frames in one call of the detector; fewer where more at once is no faster, as on a CPU."""
    fill_batch_s: NonNegativeFloat = 0.0
    """
    Age, from append, by which the oldest frame of a batch should be done: until then a batch that is
    not full waits for more, as long as a batch takes. 0: it never waits.
    """
    freshness: tuple[FreshnessRule, ...] = ()
    """Which frames are dropped, by source; the first that fits holds."""
    max_age_s: PositiveFloat | None = None
    """For frames that no rule of `freshness` fits: older ones, from capture, are dropped; None: never."""
    inbox_bytes: PositiveInt = 16 * 1024 * 1024
    """Polled and without an outcome; beyond it polling pauses."""
    commit_interval_s: PositiveFloat = 0.1
    """At most this much finished work is done again after a crash."""
    status_interval_s: PositiveFloat = 2.0
    watchdog_s: PositiveFloat = 30.0
    """A batch that takes longer ends the process: the model neither answers nor fails."""
    breaker_share: float = Field(default=0.2, gt=0, le=1)
    """Above this share of dead frames within a minute, nothing is taken for `breaker_pause_s`; 1: never."""
    breaker_frames: PositiveInt = 100
    """Frames in a minute below which their share says nothing."""
    breaker_pause_s: PositiveFloat = 30.0
    http_port: int | None = Field(default=None, ge=0, le=65535)
    """Serves /metrics, /healthz and /readyz; None: nothing listens; 0: a free port, named in the log."""
    http_host: str = "127.0.0.1"
    """In a pod 0.0.0.0, or :: where it has IPv6 only."""
    outage_s: PositiveFloat = 600.0
    """A broker that takes no result for longer ends the process; until then results are sent again."""
    drain_s: PositiveFloat = 20.0
    """From SIGTERM to the end; begun work that takes longer than half of it is left to the next owner."""

    @property
    def oldest_s(self) -> float | None:
        """The age above which any frame is dropped, whatever its source; None: some are not."""
        limits = [rule.max_age_s for rule in self.freshness] + [self.max_age_s]
        return None if None in limits else max(limit for limit in limits if limit is not None)
