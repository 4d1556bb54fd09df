"""
What a run amounted to: the ledger, the times, the cost, the accuracy.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from autoscaler.policy_settings import PolicySettings
from detectscale.demo.history import History
from detectscale.demo.play import Appended
from detectscale.demo.reel import Shot
from detectscale.demo.rival import Rival, keda_default
from frames.ledger import Ledger
from frames.outcome import Detected, RecordId
from frames.status import WorkerStatus
from workers.training.evaluate import mean_average_precision


@dataclass(frozen=True, slots=True)
class FirstDetection:
    """One wake-up of the fleet from zero, by phase; seconds."""

    total_s: float
    """From append of the first frame to its published result."""
    phases_s: Mapping[str, float]
    """`wake` (append to the birth of the first worker), the worker's cold-start phases, `detect`."""


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run; the JSON report has these names."""

    published: int
    detected: int
    expired: int
    dead_lettered: int
    lost: int
    duplicates: int
    max_replicas: int
    final_replicas: int
    crashed: int
    """Workers that ended without being asked to."""
    wakeups: int
    first_detection_s: list[float]
    """One for each wake-up."""
    first_detection_phases_s: list[Mapping[str, float]]
    latency_s: Mapping[str, float] | None
    """`p50` and `p99`, append to published result; None: nothing was detected."""
    slo_s: float
    attainment: float | None
    """Share of the published frames with a result within `slo_s`."""
    replica_seconds: float
    """Sum over the workers of the time from birth to end."""
    replica_seconds_always_on: float
    """What as many workers as the peak took would have cost, had they stayed throughout."""
    keda_default: Rival | None
    """KEDA's defaults on the same arrivals, simulated; None: the run has not shown enough to simulate it."""
    map50: float | None
    """Mean average precision at IoU 0.5 of what came out of Kafka; None: the truth is not known."""

    @property
    def balanced(self) -> bool:
        """Every frame has an outcome, and no worker is left. Duplicates are shown; only a crash makes any."""
        return self.lost == self.final_replicas == 0 and self.published > 0

    def json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Result:
    """A detection as it was published."""

    detected: Detected
    published_at: float
    """Instant of append to the detections topic, seconds since the epoch."""


def summarize(
    ledger: Ledger,
    appended: Mapping[RecordId, Appended],
    results: Mapping[RecordId, Result],
    reel: Sequence[Shot],
    history: History,
    statuses: Iterable[WorkerStatus],
    policy: PolicySettings,
    final_replicas: int,
    crashed: int,
    duration_s: float,
) -> Report:
    """Judge a run by its ledger and by what was seen of it."""
    latencies = sorted(
        results[record].published_at - frame.at for record, frame in appended.items() if record in results
    )
    wakeups = first_detections(history.wakeups(), appended, results, list(statuses))
    max_replicas = max((sample.decision.replicas for sample in history.samples), default=0)
    return Report(
        published=len(appended),
        detected=ledger.detected,
        expired=ledger.expired,
        dead_lettered=ledger.dead_lettered,
        lost=len(ledger.lost),
        duplicates=ledger.duplicates,
        max_replicas=max_replicas,
        final_replicas=final_replicas,
        crashed=crashed,
        wakeups=len(history.wakeups()),
        first_detection_s=[wakeup.total_s for wakeup in wakeups],
        first_detection_phases_s=[wakeup.phases_s for wakeup in wakeups],
        latency_s={"p50": _quantile(latencies, 0.5), "p99": _quantile(latencies, 0.99)}
        if latencies
        else None,
        slo_s=policy.slo_s,
        attainment=sum(latency <= policy.slo_s for latency in latencies) / len(appended)
        if appended
        else None,
        replica_seconds=round(history.replica_seconds, 2),
        replica_seconds_always_on=round(max_replicas * duration_s, 2),
        keda_default=_keda_default(appended, history, policy),
        map50=_map50(appended, results, reel),
    )


def first_detections(
    wakeups: Sequence[float],
    appended: Mapping[RecordId, Appended],
    results: Mapping[RecordId, Result],
    statuses: Sequence[WorkerStatus],
) -> list[FirstDetection]:
    """For each wake-up: how long its first frame waited for the first result, and for what."""
    found = []
    for woke_at, next_wakeup in pairwise([*wakeups, float("inf")]):
        served = [result for result in results.values() if woke_at <= result.published_at < next_wakeup]
        born = [
            status
            for status in statuses
            if woke_at - 1 <= status.born_at < next_wakeup and "join" in status.phases_s
        ]
        if not served or not born:
            continue
        first_result = min(served, key=lambda result: result.published_at)
        waiting = [
            appended[result.detected.record].at for result in served if result.detected.record in appended
        ]
        worker = next((status for status in born if status.worker == first_result.detected.worker), born[0])
        first_append = min(waiting, default=woke_at)
        total_s = first_result.published_at - first_append
        phases_s = {"wake": worker.born_at - first_append} | dict(worker.phases_s)
        phases_s["detect"] = total_s - sum(phases_s.values())
        found.append(FirstDetection(round(total_s, 3), {name: round(s, 3) for name, s in phases_s.items()}))
    return found


def _keda_default(
    appended: Mapping[RecordId, Appended], history: History, policy: PolicySettings
) -> Rival | None:
    if not history.samples:
        return None
    return keda_default([frame.at for frame in appended.values()], history.samples[-1].observation, policy)


def _map50(
    appended: Mapping[RecordId, Appended], results: Mapping[RecordId, Result], reel: Sequence[Shot]
) -> float | None:
    """Over the detected frames; labels that the truth does not know, of another model, do not count."""
    compared = [
        (truth, results[record].detected.detections)
        for record, frame in appended.items()
        if record in results and (truth := reel[frame.shot].truth) is not None
    ]
    labels = sorted({seen.label for truth, _ in compared for seen in truth})
    if not labels:
        return None
    truths = [[(seen.label, seen.box) for seen in truth] for truth, _ in compared]
    detections = [
        [(found.label, found.score, found.box) for found in detected if found.label in labels]
        for _, detected in compared
    ]
    return round(mean_average_precision(truths, detections, labels).map50, 4)


def _quantile(ordered: Sequence[float], q: float) -> float:
    return round(ordered[min(int(q * len(ordered)), len(ordered) - 1)], 3)
