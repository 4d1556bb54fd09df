"""
What a worker has counted, in Prometheus's text format.

Names end in unit and kind, as Prometheus wants; a device's utilisation is
`rate(detectscale_device_busy_seconds_total[1m])`.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from workers.gpu import gpus
from workers.metrics import Histogram, WorkerMetrics


def exposition(metrics: WorkerMetrics) -> bytes:
    """Everything *metrics* knows at this moment, and what the process itself uses."""
    registry = CollectorRegistry()  # never the global one: what others register there is not ours to show
    registry.register(_Families(metrics))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, metrics: WorkerMetrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        frames, busy_s, retries, zombies = metrics.read()

        counted = CounterMetricFamily(
            "detectscale_frames", "Frames by how they ended.", labels=["outcome", "reason"]
        )
        for key, count in frames.items():
            counted.add_metric(key, count)
        yield counted
        yield CounterMetricFamily(
            "detectscale_retries", "Times that a frame or batch was tried again.", retries
        )
        yield CounterMetricFamily(
            "detectscale_zombie_results", "Results thrown away: the partition had a new owner.", zombies
        )

        yield _histogram("batch_seconds", "Time that a batch took of its device.", metrics.batch_s)
        yield _histogram("batch_frames", "Frames in a batch.", metrics.batch_frames)
        yield _histogram("capture_to_result_seconds", "Age of a result.", metrics.capture_to_result_s)
        yield _histogram(
            "append_to_result_seconds", "From Kafka's timestamp to the result.", metrics.append_to_result_s
        )

        busy = CounterMetricFamily(
            "detectscale_device_busy_seconds", "Time that a device worked.", labels=["device"]
        )
        for device, seconds in busy_s.items():
            busy.add_metric([device], seconds)
        yield busy
        if any(device.startswith("cuda") for device in busy_s):
            yield from _gpu_families()

        phases = GaugeMetricFamily("detectscale_cold_start_seconds", "The start, by phase.", labels=["phase"])
        for phase, seconds in dict(metrics.cold_start_s).items():
            phases.add_metric([phase], seconds)
        yield phases
        yield GaugeMetricFamily("detectscale_queue_bytes", "Records without an outcome.", metrics.queue_bytes)
        yield GaugeMetricFamily("detectscale_in_flight_records", "Polled, not committed.", metrics.in_flight)
        yield GaugeMetricFamily(
            "detectscale_breaker_open", "1: so many frames die that none is taken.", metrics.breaker_open
        )
        for name, at in (("poll", metrics.polled_at), ("commit", metrics.committed_at)):
            if at is not None:
                yield GaugeMetricFamily(
                    f"detectscale_last_{name}_timestamp_seconds", f"Instant of the last {name}.", at
                )
        if metrics.model is not None:
            name, digest = metrics.model
            yield InfoMetricFamily("detectscale_model", "The model.", {"name": name, "digest": digest})


def _histogram(name: str, documentation: str, histogram: Histogram) -> Metric:
    buckets, total = histogram.read()
    return HistogramMetricFamily(f"detectscale_{name}", documentation, buckets, total)


def _gpu_families() -> Iterator[Metric]:
    memory = GaugeMetricFamily("detectscale_gpu_memory_used_bytes", "Memory in use.", labels=["gpu"])
    share = GaugeMetricFamily("detectscale_gpu_utilization_ratio", "Share of time, 0 to 1.", labels=["gpu"])
    for gpu in gpus():
        memory.add_metric([gpu.name], gpu.memory_used)
        share.add_metric([gpu.name], gpu.utilization)
    yield from (memory, share)
