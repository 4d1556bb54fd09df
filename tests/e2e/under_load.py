"""detectscale while frames come all the time: what is broken meanwhile, and what that cost."""

import math
import time
from collections.abc import Sequence

from detectscale.settings import load_settings
from tests.e2e.deployment import BASE, Deployment
from tests.integration.faults.load import Load
from tests.waiting import until

SETTINGS = load_settings(BASE / "config.yaml", {})
RATE = 8.0
"""Frames a second: a part of what one worker can do."""


class UnderLoad:
    """A deployment with frames coming and workers that serve them, from `begin` to `end`."""

    def __init__(self, deployment: Deployment, images: Sequence[bytes]) -> None:
        self.deployment = deployment
        self._since = deployment.mark()
        self._struck_at = math.nan
        self._load = Load(deployment.kafka, deployment.topics, images, RATE)

    def begin(self) -> None:
        """Wait until frames are served as they come, and two adapters are there."""
        self.deployment.kubectl("rollout", "status", "deployment/autoscaler", "--timeout=60s")
        until(self._served, 120, 0.5)

    def strike(self) -> float:
        """The fault begins; at which instant, seconds since the epoch."""
        self._struck_at = time.time()
        return self._struck_at

    def end(self, duplicates: int = 0) -> dict[str, float]:
        """
        Stop the load; hold everything since it began against what came of it.

        Args:
            duplicates: As many are no failure.

        Returns:
            Figures for the report.
        """
        self.stop()
        ledger = self.deployment.balanced(self._since, 90)
        ended_at = {outcome.record: at for outcome, at in self.deployment.outcomes(self._since)}
        appended_at = self._load.appended_at
        since = {record: ended_at[record] for record in appended_at if ended_at[record] > self._struck_at}
        took_s = {record: at - appended_at[record] for record, at in since.items()}
        late = [since[record] for record, s in took_s.items() if s > SETTINGS.policy.slo_s]
        assert ledger.detected == ledger.records
        assert ledger.duplicates <= duplicates
        return {
            "recovered_s": max(late, default=self._struck_at) - self._struck_at,
            "slowest_s": max(took_s.values()),
            "frames": ledger.records,
            "lost": len(ledger.lost),
            "duplicates": ledger.duplicates,
        }

    def stop(self) -> None:
        """Send no more; may be called again."""
        self._load.stop()

    def _served(self) -> bool:
        ledger = self.deployment.ledger(self._since)
        return ledger.detected > RATE and len(ledger.lost) < RATE
