"""
The engine alone, in a process of its own: what a worker's model does with frames that lie ready.

    python -m benchmarks.pipeline.bare PICTURES MODEL PRECISION CORES SECONDS

The network is compiled by the worker's own code, with a stream for each core, and each stream
has a thread that gives it one letterboxed picture after another. Nothing is fetched, decoded,
resized, suppressed or published. The answer is one line of JSON.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.pipeline.asking import answer_of

WARM_UP_S = 1.0


def measure_apart(
    pictures: Path, model: Path, precision: str, cores: int, seconds: float
) -> dict[str, float]:
    """
    The frames per second of an engine in a process of its own, and its CPU seconds per frame.

    Args:
        pictures: A folder with JPEGs.
        cores: It has that many streams, and runs on the first so many cores.

    Raises:
        UnavailableError: It failed.
    """
    command = [sys.executable, "-m", "benchmarks.pipeline.bare", pictures, model, precision, cores, seconds]
    measured: dict[str, float] = json.loads(answer_of([str(word) for word in command], os.environ))
    return measured


def measure(pictures: Path, model_file: Path, precision: Any, cores: int, seconds: float) -> dict[str, float]:
    """As `measure_apart`, in this process."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])  # before the engine counts cores
    from benchmarks.pipeline.pictures import read
    from workers.letterbox import letterbox
    from workers.model import ModelSettings, load_model
    from workers.openvino_detector import OpenVinoDetector, openvino

    settings = ModelSettings(path=str(model_file), precision=precision, threads=cores)
    with TemporaryDirectory() as cache:
        detector = OpenVinoDetector(load_model(settings, Path(cache)), settings, Path(cache))
    width, height = detector.input_size
    tensors = []
    for picture in read(pictures):
        fitted = np.empty((1, height, width, 3), np.uint8)
        letterbox(picture, fitted[0])
        tensors.append(openvino.Tensor(fitted))
    requests = [detector._compiled.create_infer_request() for _ in range(cores)]
    run_streams(requests, tensors, WARM_UP_S)
    return run_streams(requests, tensors, seconds)


def run_streams(requests: Sequence[Any], tensors: Sequence[Any], seconds: float) -> dict[str, float]:
    """Keep every request busy for *seconds*, each from a thread of its own."""
    counts, rates = [0] * len(requests), [0.0] * len(requests)
    used_s, began_at = time.process_time(), time.perf_counter()

    def work(number: int) -> None:
        request = requests[number]
        for tensor in cycle(tensors):
            request.set_input_tensor(tensor)
            request.start_async()
            request.wait()
            counts[number] += 1
            if (passed_s := time.perf_counter() - began_at) > seconds:
                rates[number] = counts[number] / passed_s
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"per_s": sum(rates), "cpu_s": (time.process_time() - used_s) / sum(counts)}


if __name__ == "__main__":
    _, pictures, model_file, precision, cores, seconds = sys.argv
    print(json.dumps(measure(Path(pictures), Path(model_file), precision, int(cores), float(seconds))))
