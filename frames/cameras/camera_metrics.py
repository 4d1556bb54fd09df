"""
What cameras count, in Prometheus's text format. A camera is labelled by its name in the cameras file.
"""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from frames.cameras.tally import Outcome, Tally


def exposition(tallies: Mapping[str, Tally], held_bytes: int) -> bytes:
    """All counts at this moment, and what the process itself uses."""
    registry = CollectorRegistry()
    registry.register(_Families(tallies, held_bytes))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, tallies: Mapping[str, Tally], held_bytes: int) -> None:
        self._tallies = tallies
        self._held_bytes = held_bytes

    def collect(self) -> Iterator[Metric]:
        captured = CounterMetricFamily(
            "detectscale_camera_captured", "Pictures taken and looked at.", labels=["camera"]
        )
        ended = CounterMetricFamily(
            "detectscale_camera_frames", "Pictures by how they ended.", labels=["camera", "outcome"]
        )
        gaps = CounterMetricFamily(
            "detectscale_camera_gap_seconds", "Time away, once it is back.", labels=["camera"]
        )
        last = GaugeMetricFamily(
            "detectscale_camera_last_capture_timestamp_seconds", "Of the last picture.", labels=["camera"]
        )
        saved = GaugeMetricFamily(
            "detectscale_camera_motion_saved_ratio",
            "Share of the pictures that the motion gate held back.",
            labels=["camera"],
        )
        for camera, tally in self._tallies.items():
            captured.add_metric([camera], tally.captured)
            for outcome, count in tally.ends.items():
                ended.add_metric([camera, outcome], count)
            gaps.add_metric([camera], tally.gap_s)
            if tally.captured_at is not None:
                last.add_metric([camera], tally.captured_at)
                saved.add_metric([camera], tally.ends[Outcome.STILL] / tally.captured)
        yield from (captured, ended, gaps, last, saved)
        yield GaugeMetricFamily(
            "detectscale_camera_buffer_bytes",
            "Images that wait for the network or are under way.",
            value=self._held_bytes,
        )
