"""Redis away for a whole run: only the projection is missing, and catches up once Redis comes."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from detectscale.embedded.ports import HOST, free_port
from detectscale.embedded.redis_server import EmbeddedRedis
from detectscale.settings import overrides
from frames.errors import UnavailableError
from frames.projection import RedisSettings, describe, instant_of
from frames.results import Results, stored
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def settings(settings):
    """Of a Redis that does not run yet."""
    redis = RedisSettings(url=f"redis://{HOST}:{free_port()}/0", timeout_s=1.0)
    return settings.model_copy(update={"redis": redis})


@contextmanager
def projecting(settings, log):
    """A process that projects, and what it has said."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "detectscale", "project"],
            env=os.environ | overrides(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log.read_text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        print(log.read_text())


def test_a_run_without_redis_misses_only_the_projection_which_then_catches_up(
    kafka, topics, settings, publish, start_worker, balanced, store_images, tmp_path
):
    with projecting(settings, tmp_path / "projector.log") as said:
        until(lambda: "trying until it is back" in said())
        worker = start_worker()
        publish([*store_images * 3, b"this is not a picture"])

        ledger = balanced()
        worker.signal(signal.SIGTERM)

        assert worker.wait() == 0
        assert (ledger.detected, ledger.dead_lettered, ledger.duplicates) == (len(store_images) * 3, 1, 0)
        results = Results(settings.redis)
        with pytest.raises(UnavailableError):
            results.cameras()

        outcomes = [outcome for outcome in stored(kafka, topics) if outcome.kind == "detected"]
        with EmbeddedRedis(tmp_path, port=urlsplit(settings.redis.url).port):
            until(lambda: all(results.by_frame(outcome.frame_id) for outcome in outcomes))
            newest = {outcome.camera: outcome for outcome in sorted(outcomes, key=instant_of)}
            assert set(results.cameras()) == set(newest)
            for camera, outcome in newest.items():
                assert results.latest(camera) == describe(outcome)
            assert said().count("does not work") == 1, "once, and not for each attempt"
