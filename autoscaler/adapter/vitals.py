"""
Whether the adapter lives, and whether KEDA may ask it.

Not whether it knows enough: with stale data `GetMetricSpec` is answered still, and without that
answer KEDA's fallback does not start. So Kafka's outage must not take the adapter out of its Service.
"""

from autoscaler.adapter.targets import Targets

HUNG_S = 60.0
"""A target's thread turns within seconds, or within `connect_timeout_s` where Kafka is away."""


class Vitals:
    """Looks at the targets. Time is the monotonic clock's."""

    def __init__(self, targets: Targets, started_at: float, patience_s: float) -> None:
        """
        Args:
            patience_s: After which we are ready even if nothing has become known.
        """
        self._targets = targets
        self._ready_at = started_at + patience_s
        self.stopping = False

    def not_ready(self, now: float) -> str | None:
        """Why nobody should ask; None: they may."""
        if self.stopping:
            return "stopping"
        unknown = [name for name, target in self._targets.items() if target.latest is None]
        if unknown and now < self._ready_at:
            return f"nothing was decided yet: {', '.join(unknown)}"
        return None

    def not_alive(self, now: float) -> str | None:
        """What has hung, so that only a restart helps; None: nothing."""
        hung = [name for name, target in self._targets.items() if now - target.turned_at > HUNG_S]
        return f"has not turned for {HUNG_S:g} s: {', '.join(hung)}" if hung else None
