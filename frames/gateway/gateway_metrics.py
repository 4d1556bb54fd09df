"""
What the gateway counts, in Prometheus's text format. No label holds what a client chose.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from frames.gateway.inflow import Inflow
from frames.gateway.intake import Intake
from frames.gateway.outcome_board import OutcomeBoard

ACCEPT_BOUNDS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class GatewayMetrics:
    """Counts of one gateway; its registry is its own, so that others register nothing in it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "detectscale_gateway_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.refused = Counter(
            "detectscale_gateway_refused",
            "Requests refused, by the reason in the problem detail.",
            ["reason"],
            registry=self.registry,
        )
        self.received_bytes = Counter(
            "detectscale_gateway_received_bytes", "Bytes of complete bodies.", registry=self.registry
        )
        self.accept_s = Histogram(
            "detectscale_gateway_accept_seconds",
            "From a request's headers to the broker's acknowledgement of its frame.",
            buckets=ACCEPT_BOUNDS_S,
            registry=self.registry,
        )

    def observe(self, intake: Intake, board: OutcomeBoard, inflow: Inflow) -> None:
        """Show the present readings of these too."""
        self.registry.register(_Readings(intake, board, inflow))

    def exposition(self) -> bytes:
        return generate_latest(self.registry)


class _Readings(Collector):
    def __init__(self, intake: Intake, board: OutcomeBoard, inflow: Inflow) -> None:
        self._intake = intake
        self._board = board
        self._inflow = inflow

    def collect(self) -> Iterator[Metric]:
        for name, documentation, value in (
            ("unacknowledged_frames", "Sent to the broker, not yet acknowledged.", self._intake.under_way),
            ("large_images", "Being written to the storage of large images.", self._intake.large_under_way),
            ("inflow_bytes", "Of bodies that are not complete.", self._inflow.held_bytes),
            ("waiting_requests", "Requests that wait for an outcome.", self._board.waiting),
            ("followers", "Open streams of outcomes.", self._board.followers),
        ):
            yield GaugeMetricFamily(f"detectscale_gateway_{name}", documentation, value=value)
        yield CounterMetricFamily(
            "detectscale_gateway_stream_lost",
            "Outcomes that followers were too slow for.",
            value=self._board.lost,
        )
