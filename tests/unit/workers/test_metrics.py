import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from frames.event import Message
from frames.outcome import Dead, DeadReason, Detected, Expired, RecordId
from workers.exposition import exposition
from workers.metrics import ENDS, WorkerMetrics

RECORD = RecordId("frames", 0, 7)


def detected(captured_at: float = 100.0) -> Detected:
    return Detected(
        record=RECORD,
        frame_id="1",
        camera="door",
        source="/door",
        captured_at=captured_at,
        width=640,
        height=480,
        model_name="nano",
        model_digest="d" * 64,
        detections=(),
        timings_s={},
        worker="w",
        at=103.0,
    )


EXPIRED = Expired(RECORD, "1", "door", "/door", 100.0, 9.0, 5.0, "w", 109.0)
DEAD = Dead(RECORD, Message(b"door", b"", []), DeadReason.CORRUPT_IMAGE, "decode", "", 1, 1.0, 1.0, "w")


def families(metrics: WorkerMetrics):
    return {family.name: family for family in text_string_to_metric_families(exposition(metrics).decode())}


def sample(metrics: WorkerMetrics, name: str, /, **labels: str) -> float:
    [value] = [
        sample.value
        for family in families(metrics).values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return value


def test_frames_are_counted_by_how_they_ended():
    metrics = WorkerMetrics()

    for outcome in (detected(), detected(), EXPIRED, DEAD):
        metrics.outcome(outcome, appended_at=101.0, now=104.0)

    total = "detectscale_frames_total"
    assert sample(metrics, total, outcome="detected", reason="") == 2
    assert sample(metrics, total, outcome="expired", reason="too-old") == 1
    assert sample(metrics, total, outcome="dead", reason="corrupt-image") == 1
    assert sum(s.value for s in families(metrics)["detectscale_frames"].samples) == 4


@pytest.mark.parametrize(("outcome", "reason"), ENDS)
def test_every_end_is_there_before_the_first_frame(outcome, reason):
    assert sample(WorkerMetrics(), "detectscale_frames_total", outcome=outcome, reason=reason) == 0


def test_a_result_is_as_old_as_its_acknowledgement_makes_it():
    metrics = WorkerMetrics()

    metrics.outcome(detected(captured_at=100.0), appended_at=101.0, now=104.0)

    assert sample(metrics, "detectscale_capture_to_result_seconds_sum") == 4
    assert sample(metrics, "detectscale_append_to_result_seconds_sum") == 3
    assert sample(metrics, "detectscale_capture_to_result_seconds_bucket", le="2.0") == 0
    assert sample(metrics, "detectscale_capture_to_result_seconds_bucket", le="5.0") == 1


def test_only_results_have_an_age():
    metrics = WorkerMetrics()

    metrics.outcome(EXPIRED, appended_at=101.0, now=110.0)
    metrics.outcome(DEAD, appended_at=101.0, now=110.0)

    assert sample(metrics, "detectscale_append_to_result_seconds_count") == 0


def test_a_camera_whose_clock_runs_ahead_makes_no_negative_age():
    metrics = WorkerMetrics()

    metrics.outcome(detected(captured_at=500.0), appended_at=101.0, now=104.0)

    assert sample(metrics, "detectscale_capture_to_result_seconds_sum") == 0
    assert sample(metrics, "detectscale_capture_to_result_seconds_count") == 1


def test_batches_add_up_to_the_busy_time_of_their_device():
    metrics = WorkerMetrics()

    metrics.batch(4, 0.25, "cpu")
    metrics.batch(2, 0.5, "cpu")
    metrics.batch(2, 1.0, "cuda:0")

    assert sample(metrics, "detectscale_device_busy_seconds_total", device="cpu") == 0.75
    assert sample(metrics, "detectscale_batch_seconds_count") == 3
    assert sample(metrics, "detectscale_batch_frames_sum") == 8


def test_what_is_not_known_yet_is_not_shown():
    shown = families(WorkerMetrics())

    assert not {
        "detectscale_model_info",
        "detectscale_last_poll_timestamp_seconds",
        "detectscale_last_commit_timestamp_seconds",
    } & set(shown)


def test_present_readings_are_those_at_the_moment_of_asking():
    metrics = WorkerMetrics()
    metrics.cold_start_s = {"import": 0.3}
    metrics.queue_bytes, metrics.in_flight, metrics.breaker_open = 1024, 3, True
    metrics.polled_at, metrics.committed_at = 200.0, 199.0
    metrics.model = ("nano", "d" * 64)
    metrics.retried()
    metrics.zombie()

    assert sample(metrics, "detectscale_cold_start_seconds", phase="import") == 0.3
    assert sample(metrics, "detectscale_queue_bytes") == 1024
    assert sample(metrics, "detectscale_in_flight_records") == 3
    assert sample(metrics, "detectscale_breaker_open") == 1
    assert sample(metrics, "detectscale_last_poll_timestamp_seconds") == 200
    assert sample(metrics, "detectscale_last_commit_timestamp_seconds") == 199
    assert sample(metrics, "detectscale_model_info", name="nano", digest="d" * 64) == 1
    assert sample(metrics, "detectscale_retries_total") == 1
    assert sample(metrics, "detectscale_zombie_results_total") == 1


UNITS = ("_seconds", "_bytes", "_frames", "_records", "_results", "_retries", "_info", "_fds", "_open")


def test_every_name_carries_its_unit_and_counters_end_in_total():
    metrics = WorkerMetrics()
    metrics.batch(1, 0.1, "cpu")
    metrics.model = ("nano", "d" * 64)

    for family in families(metrics).values():
        assert family.name.startswith(("detectscale_", "process_"))
        assert family.name.endswith(UNITS), family.name
        assert family.documentation
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)


def test_nothing_counted_by_many_threads_is_lost():
    metrics = WorkerMetrics()

    def count():
        for _ in range(500):
            metrics.outcome(detected(), 101.0, 104.0)
            metrics.batch(1, 1.0, "cpu")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sample(metrics, "detectscale_frames_total", outcome="detected", reason="") == 2000
    assert sample(metrics, "detectscale_device_busy_seconds_total", device="cpu") == 2000
    assert sample(metrics, "detectscale_batch_seconds_bucket", le="+Inf") == 2000


def test_a_gpu_is_read_once_a_gpu_has_worked(monkeypatch):
    class NVMLError(Exception): ...

    pynvml = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda n: n,
        nvmlDeviceGetUUID=lambda handle: "GPU-1",
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=1024),
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=75),
    )
    monkeypatch.setitem(sys.modules, "pynvml", pynvml)
    metrics = WorkerMetrics()
    before = set(families(metrics))

    metrics.batch(1, 0.1, "cuda:0")

    assert "detectscale_gpu_memory_used_bytes" not in before
    assert sample(metrics, "detectscale_gpu_memory_used_bytes", gpu="GPU-1") == 1024
    assert sample(metrics, "detectscale_gpu_utilization_ratio", gpu="GPU-1") == 0.75


def test_a_gpu_whose_driver_fails_leaves_the_other_metrics_alone(monkeypatch):
    class NVMLError(Exception): ...

    def fail():
        raise NVMLError

    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(NVMLError=NVMLError, nvmlInit=fail))
    metrics = WorkerMetrics()

    metrics.batch(1, 0.1, "cuda:0")

    assert sample(metrics, "detectscale_batch_seconds_count") == 1
    assert families(metrics)["detectscale_gpu_memory_used_bytes"].samples == []


def test_counting_imports_no_prometheus():
    code = "import sys, workers.metrics, workers.watchdog; sys.exit('prometheus_client' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
