"""
The journal as the gateway shows it.

Called by two threads: one reads records, and another asks what a simulation would come to.
"""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from autoscaler import journal
from autoscaler.journal import Entry
from autoscaler.observation import ColdStart
from detectscale.dashboard.keda_cost import keda_cost
from detectscale.dashboard.words import words
from frames.gateway.decided import ColdStarts, Decided
from frames.gateway.fleet_cost import RivalCost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka.consumer.fetcher import ConsumerRecord

MAX_TARGET_CHARACTERS = 249
"""As long as a topic's name may be."""


class JournalView:
    """Turns entries into what is shown, and remembers the last one of each target."""

    def __init__(self) -> None:
        self._last: dict[str, Entry] = {}

    def read(self, record: "ConsumerRecord") -> Decided | None:
        """The decision in a record of the journal; None: it holds none, or one as another version writes."""
        target = (record.key or b"").decode(errors="replace")
        if not 0 < len(target) <= MAX_TARGET_CHARACTERS:
            return None
        try:
            entry = journal.read(record.value or b"")
        except ValidationError:
            return None
        self._last[target] = entry
        return decided(target, entry)

    def keda_cost(self, target: str, arrivals: "Sequence[float]", horizon_s: float) -> RivalCost | None:
        """What KEDA's defaults would have cost; see `keda_cost`."""
        entry = self._last.get(target)
        return None if entry is None else keda_cost(entry, arrivals, horizon_s)


def decided(target: str, entry: Entry) -> Decided:
    """What is shown of *entry*."""
    seen, decision = entry.observation, entry.decision
    return Decided(
        target=target,
        at=decision.at,
        replicas=decision.replicas,
        recommended=decision.recommended,
        reason=decision.reason,
        words=words(entry),
        waiting=seen.waiting,
        oldest_age_s=seen.oldest_age,
        arrival_rate=seen.arrival_rate,
        served_rate=seen.served_rate,
        ready=seen.ready,
        starting=len(seen.starting),
        draining=seen.draining,
        in_flight=seen.in_flight,
        unschedulable=seen.unschedulable,
        warnings=decision.warnings,
        committed=seen.committed,
        slo_s=entry.params.slo_s if entry.params is not None else None,
        cold_start=_cold_starts(seen.cold_start),
    )


def _cold_starts(seen: ColdStart | None) -> ColdStarts | None:
    if seen is None:
        return None
    return ColdStarts(seen.mean_s, seen.p90_s, seen.count, seen.phases_s, seen.phases_p90_s)
