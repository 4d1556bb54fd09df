"""
A worker's cold start, phase by phase: the libraries, the model, the first inference, the group.

kafka-python is imported and the broker reached on a second thread while the model loads:
loading leaves Python to others. From then on the autoscaler is told how far the start has got.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from frames.claim_check import ClaimChecks, ClaimCheckSettings
from frames.clients import KafkaSettings
from frames.topics import TopicSettings
from frames.trace_settings import TraceSettings, start_tracing
from workers.cold_start import ColdStart, process_born_at
from workers.detector import Detector
from workers.failpoints import passing
from workers.freshness import Freshness
from workers.inbox import Inbox
from workers.instruments import Instruments
from workers.metrics import WorkerMetrics
from workers.model import Model, ModelSettings, load_model
from workers.readiness import Readiness
from workers.reports import Reports
from workers.watchdog import Watchdog, guard
from workers.worker_settings import WorkerSettings

if TYPE_CHECKING:
    from workers.worker import Clients

log = logging.getLogger(__name__)


def run_worker(
    kafka: KafkaSettings,
    topics: TopicSettings,
    settings: WorkerSettings,
    model_settings: ModelSettings,
    claim_checks: ClaimCheckSettings,
    traces: TraceSettings,
    cache_dir: Path,
    worker: str | None = None,
) -> None:
    """
    Run one worker in this process until SIGTERM or SIGINT.

    Args:
        cache_dir: Where models from elsewhere, and compiled ones, are kept for the next start.
        worker: Its id in statuses and results; None makes one from host and process.

    Raises:
        ConfigError: The model or a setting cannot be used. UnavailableError: No broker or model store
            answers. DetectorError: The detector broke.
    """
    cold_start = ColdStart(process_born_at(), time.time())
    sys.setswitchinterval(0.0005)
    stop, warm, leaving = _set_by_signals(), threading.Event(), threading.Event()
    worker = worker or f"{socket.gethostname()}-{os.getpid()}"
    instruments = _instruments(settings, cold_start)

    def connected() -> "tuple[Clients, Reports]":
        from workers.worker import connect

        clients = connect(kafka, topics, settings)
        reports = Reports(worker, clients.producer, topics.status, cold_start, instruments.readiness)
        reports.while_starting(until=warm)
        _serve(settings, instruments)
        instruments.tracing = start_tracing(traces, "detectscale-worker", worker)
        return clients, reports

    with ThreadPoolExecutor(1, thread_name_prefix="connect") as pool:
        connecting = pool.submit(connected)
        try:
            model, detectors = _warm(model_settings, cache_dir, cold_start)
            clients, reports = connecting.result()
        finally:
            warm.set()
    from workers.opening import Opening
    from workers.processing import Processing
    from workers.worker import Worker

    reports.model_digest = model.digest
    instruments.metrics.model = model.name, model.digest
    freshness = Freshness(settings.freshness, settings.max_age_s)
    patient = _patience(instruments, leaving)
    opening = Opening(
        freshness, detectors[0].input_size, ClaimChecks(claim_checks), worker, time.time, patient
    )
    lanes = [
        Processing(opening, detector, model, worker, time.time, instruments.metrics.retried)
        for detector in detectors
    ]
    inbox = Inbox(settings.inbox_bytes, freshness)
    member = Worker(
        clients, kafka, topics, settings, cold_start, reports, inbox, opening, lanes, instruments, leaving
    )
    log.info("worker %s: model %s (%s...) is warm", worker, model.name, model.digest[:12])
    member.run(stop)
    if instruments.tracing is not None:
        instruments.tracing.close(timeout_s=1.0)
    log.info("worker %s: drained and gone", worker)


def _set_by_signals() -> threading.Event:
    """Set at SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _instruments(settings: WorkerSettings, cold_start: ColdStart) -> Instruments:
    """All but the tracing, with the watchdog on guard."""
    instruments = Instruments(
        WorkerMetrics(), Watchdog(settings.watchdog_s), Readiness(limit_s=5 * settings.status_interval_s)
    )
    instruments.metrics.cold_start_s = cold_start.phases_s
    guard(instruments.watchdog)
    return instruments


def _patience(instruments: Instruments, leaving: threading.Event) -> Callable[[float], bool]:
    """Waits so many seconds; returns False once *leaving* is set."""

    def patient(seconds: float) -> bool:
        instruments.waiting()
        return not leaving.wait(seconds)

    return patient


def _warm(
    settings: ModelSettings, cache_dir: Path, cold_start: ColdStart
) -> tuple[Model, Sequence[Detector]]:
    """The model, and a detector of it for each thread, ready to detect."""
    from workers.detectors import import_engine, open_detectors

    import_engine(settings)
    cold_start.finished("import", time.time())
    passing("before-load")
    model = load_model(settings, cache_dir, cold_start.advanced)
    cold_start.finished("fetch", time.time())
    detectors = open_detectors(model, settings, cache_dir)
    cold_start.finished("load", time.time())
    for detector in detectors[:-1]:  # the last one waits for another's turn
        detector.warm_up()
    cold_start.finished("warm_up", time.time())
    return model, detectors


def _serve(settings: WorkerSettings, instruments: Instruments) -> None:
    if settings.http_port is None:
        return
    from frames.health import serve

    def metrics() -> bytes:
        from workers.exposition import exposition  # not before somebody asks: see metrics.py

        return exposition(instruments.metrics)

    serve(
        settings.http_host,
        settings.http_port,
        metrics,
        alive=lambda: instruments.watchdog.complaint(time.monotonic()),
        ready=lambda: instruments.readiness.complaint(time.monotonic()),
        setting="worker.http_port",
    )
