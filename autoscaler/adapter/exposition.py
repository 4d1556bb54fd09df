"""
What the adapter knows, in Prometheus's text format.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from autoscaler.adapter.calls import Calls
from autoscaler.adapter.targets import Targets


def exposition(targets: Targets, calls: Calls, now: float) -> bytes:
    """Everything known at *now*, by the monotonic clock, and what the process itself uses."""
    registry = CollectorRegistry()  # never the global one: what others register there is not ours to show
    registry.register(_Families(targets, calls, now))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, targets: Targets, calls: Calls, now: float) -> None:
        self._targets = targets
        self._calls = calls
        self._now = now

    def collect(self) -> Iterator[Metric]:
        deciding = _gauge("deciding", "1: this replica decides; 0: it follows.")
        replicas = _gauge("desired_replicas", "Replicas wanted.")
        lag = _gauge("queue_lag_records", "Appended, not committed.")
        age = _gauge("decision_age_seconds", "Age of the last decision.")
        reason = _gauge("decision_reason", "1: the last limit that changed the last decision.", "reason")
        for name, target in self._targets.items():
            deciding.add_metric([name], target.deciding)
            if (latest := target.latest) is not None:
                replicas.add_metric([name], latest.replicas)
                lag.add_metric([name], latest.lag)
                age.add_metric([name], self._now - latest.decided_at)
                reason.add_metric([name, latest.entry.decision.reason], 1)
        yield from (deciding, replicas, lag, age, reason)
        counted = CounterMetricFamily(
            "detectscale_adapter_calls", "Calls by how they were answered.", labels=["method", "status"]
        )
        for key, count in self._calls.read().items():
            counted.add_metric(key, count)
        yield counted


def _gauge(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"detectscale_{name}", documentation, labels=["target", *labels])
