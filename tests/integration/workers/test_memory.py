"""
A worker's memory stays what it was, however many frames it has seen.

    FRAMES=100000 pytest -s tests/integration/workers/test_memory.py      as many as you like, with a record

The bundled network sees an eighth of them.
"""

import os
from contextlib import closing

import cv2
import numpy as np
import openvino
import pytest
from openvino import opset13

from frames.clients import reader
from frames.records import partitions_of
from tests.waiting import until
from workers.model import ModelSettings

FRAMES = int(os.environ.get("FRAMES", "8000"))
MAX_GROWN_MIB = 12.0
"""Of the last three quarters: a record of 2 kB that is kept of each frame is more."""
MOST_AT_ONCE = 400
"""Frames between two readings, however many there are in all: what waits is held for a while afterwards."""

pytestmark = pytest.mark.timeout(180 + FRAMES / 20)


BUNDLED, SMALL = "bundled network", "network of one multiplication"
"""With the second, all that is not the network works as hard as it can."""


@pytest.fixture(params=[BUNDLED, SMALL])
def network(request):
    return request.param


@pytest.fixture
def settings(settings, network, tmp_path):
    if network == BUNDLED:
        return settings
    pixels = opset13.parameter([1, 3, 32, 32], name="images")
    mean = opset13.reduce_mean(pixels, np.array([1, 2, 3]), keep_dims=False)
    found = opset13.multiply(
        opset13.reshape(mean, [1, 1, 1], special_zero=False), np.full((1, 5, 40), 0.9, np.float32)
    )
    path = tmp_path / "small.xml"
    path.with_suffix(".yaml").write_text("{name: small, labels: [thing], files: {}}")
    openvino.save_model(openvino.Model([found], [pixels]), path)
    return settings.model_copy(update={"model": ModelSettings(path=str(path), trust=True)})


@pytest.fixture
def ended(kafka, topics):
    """How many outcomes there are."""
    with closing(reader(kafka)) as consumer:
        partitions = partitions_of(consumer, topics.outcomes)
        yield lambda: sum(consumer.end_offsets(partitions).values())


def test_memory_stays_what_it_was(network, publish, start_worker, ended):
    frames = FRAMES if network == SMALL else FRAMES // 8  # of which each costs more, and may leak more
    noise = np.random.default_rng(7)
    images = [
        cv2.imencode(".jpg", noise.integers(0, 255, (48, 64, 3), np.uint8))[1].tobytes() for _ in range(8)
    ]
    worker, resident_mib = start_worker(), []
    step = min(frames // 20, MOST_AT_ONCE)

    for done in range(step, frames + 1, step):
        publish([images[n % 8] for n in range(step)])
        until(lambda done=done: ended() >= done, 120)
        resident_mib.append(worker.resident_mib)
        print(f"{done:>9} frames {resident_mib[-1]:7.1f} MiB", flush=True)

    quarter = len(resident_mib) // 4
    assert max(resident_mib[quarter:]) - resident_mib[quarter - 1] < MAX_GROWN_MIB
