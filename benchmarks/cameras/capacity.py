"""
How many frames per second this machine's engines detect when nothing else runs.

As many processes as `detectscale up` would run workers, each with a detector of its own, decode
and detect at once: what workers do, without Kafka between them.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle
from pathlib import Path

from detectscale.places import Places
from detectscale.settings import Settings
from frames.image import decode
from workers.model import load_model

WARM_UP_S = 1.0


def capacity(settings: Settings, places: Places, workers: int, pictures: Path, seconds: float) -> float:
    """
    Frames per second of *workers* engines together.

    Args:
        pictures: A folder with JPEGs.
    """
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        runs = [pool.submit(_rate, settings, places, pictures, seconds) for _ in range(workers)]
        return sum(run.result() for run in runs)


def _rate(settings: Settings, places: Places, pictures: Path, seconds: float) -> float:
    from workers.openvino_detector import OpenVinoDetector

    model = load_model(settings.model, places.model_cache)
    detector = OpenVinoDetector(model, settings.model, places.model_cache)
    images = cycle([file.read_bytes() for file in sorted(pictures.glob("**/*.jpg"))])

    def run(lasting_s: float) -> float:
        done, began_at = 0, time.monotonic()
        while time.monotonic() < began_at + lasting_s:
            detector.detect([decode(next(images))])
            done += 1
        return done / (time.monotonic() - began_at)

    run(WARM_UP_S)
    return run(seconds)
