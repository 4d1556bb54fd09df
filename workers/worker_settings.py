"""
The parameters of a worker: the `worker` section of the settings.

In a file of its own, since `worker.py` imports kafka-python, which takes 0.1 s.
"""

from pydantic import BaseModel, PositiveFloat, PositiveInt


class WorkerSettings(BaseModel, frozen=True, extra="forbid"):
    """How a worker works: the `worker` section of the settings."""

    group_id: str = "detectscale-workers"
    """The consumer group all workers of a target share."""
    max_batch: PositiveInt = 4
    """Most frames in one call of the detector."""
    max_age_s: PositiveFloat | None = None
    """A frame older than this, from capture, is dropped as expired; None: never drop."""
    inbox_bytes: PositiveInt = 16 * 1024 * 1024
    """Polled and waiting; beyond it polling pauses."""
    commit_interval_s: PositiveFloat = 0.1
    """At most this much finished work is done again after a crash."""
    status_interval_s: PositiveFloat = 2.0
    drain_s: PositiveFloat = 20.0
    """From SIGTERM to the end; begun work that takes longer than half of it is left to the next owner."""
