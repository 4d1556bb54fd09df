"""
A worker's cold start, phase by phase: the libraries, the model, the first inference, the group.

kafka-python is imported and the broker reached on a second thread while the model loads:
loading leaves Python to others.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from frames.clients import KafkaSettings
from frames.status import WorkerState
from frames.topics import TopicSettings
from workers.cold_start import ColdStart, process_born_at
from workers.model import ModelSettings, load_model
from workers.worker_settings import WorkerSettings

if TYPE_CHECKING:
    from workers.worker import Clients

log = logging.getLogger(__name__)


def run_worker(
    kafka: KafkaSettings,
    topics: TopicSettings,
    settings: WorkerSettings,
    model_settings: ModelSettings,
    cache_dir: Path,
    worker: str | None = None,
) -> None:
    """
    Run one worker in this process until SIGTERM or SIGINT.

    Args:
        cache_dir: Where compiled models are kept for the next start.
        worker: Its id in statuses and results; None makes one from host and process.

    Raises:
        ConfigError: The model or a setting cannot be used. UnavailableError: No broker answers.
        DetectorError: The detector broke.
    """
    cold_start = ColdStart(process_born_at(), time.time())
    sys.setswitchinterval(0.0005)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker = worker or f"{socket.gethostname()}-{os.getpid()}"
    with ThreadPoolExecutor(1, thread_name_prefix="connect") as pool:
        connecting = pool.submit(_connect, kafka, topics, settings)

        from workers.openvino_detector import OpenVinoDetector
        from workers.processing import Processing

        cold_start.finished("import", time.time())
        model = load_model(model_settings)
        cold_start.finished("fetch", time.time())
        detector = OpenVinoDetector(model, model_settings, cache_dir)
        cold_start.finished("load", time.time())
        detector.warm_up()
        cold_start.finished("warm_up", time.time())
        clients = connecting.result()
    from workers.worker import Worker

    processing = Processing(detector, model, worker, settings.max_age_s, clock=time.time)
    member = Worker(worker, clients, topics, settings, cold_start, processing)
    member.report(WorkerState.STARTING)
    log.info("worker %s: model %s (%s...) is warm", worker, model.name, model.digest[:12])
    member.run(stop)
    log.info("worker %s: drained and gone", worker)


def _connect(kafka: KafkaSettings, topics: TopicSettings, settings: WorkerSettings) -> "Clients":
    from workers.worker import connect

    return connect(kafka, topics, settings)
