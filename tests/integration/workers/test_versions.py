"""A new version of the model comes while frames do: worker by worker, and each result says of which it is."""

import hashlib
import signal
import threading
import time
from collections import defaultdict
from contextlib import closing

import pytest

from frames.outcome import Detected
from frames.publisher import Publisher, PublisherSettings
from frames.results import stored
from frames.sources import captured
from tests.waiting import until
from workers.model import BUNDLED, ModelSettings

pytestmark = pytest.mark.timeout(240)

OLD = BUNDLED.read_bytes()
NEW = OLD + b"\x32\x03new"
"""The same network: 0x32 begins the field `doc_string` of an ONNX file."""


def place(model, content, name):
    """Put *content* at the path *model*, with a manifest by which its labels end in *name*."""
    manifest = BUNDLED.with_suffix(".yaml").read_text()
    for known, given in (
        (BUNDLED.name, model.name),
        (BUNDLED.stem, name),
        (digest(OLD), digest(content)),
        *((f"- {label}\n", f"- {label}-{name}\n") for label in ("person", "cart", "shelf_gap")),
    ):
        assert known in manifest
        manifest = manifest.replace(known, given)
    model.write_bytes(content)
    model.with_suffix(".yaml").write_text(manifest)


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def model(tmp_path):
    """Where workers find their model."""
    return tmp_path / "model.onnx"


@pytest.fixture
def settings(settings, model):
    return settings.model_copy(update={"model": ModelSettings(path=str(model))})


class Load:
    """Eight frames a second, one of each camera, from its making until it is closed."""

    def __init__(self, kafka, topics, images):
        self._images = images
        self._publisher = Publisher(kafka, topics, PublisherSettings())
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self):
        self._closed.set()
        self._thread.join()
        return self._publisher.close(timeout_s=30)

    def _run(self):
        n, began_at = 0, time.monotonic()
        while not self._closed.wait(max(0.0, began_at + n / 8 - time.monotonic())):
            image = self._images[n % len(self._images)]
            self._publisher.offer(captured(f"camera-{n % 8}", image, time.time(), n))
            n += 1


def test_a_rolling_restart_loses_and_repeats_nothing_and_each_result_names_its_model(
    kafka, topics, settings, start_worker, balanced, model, store_images
):
    def results_of(worker):
        return [o for o in stored(kafka, topics) if isinstance(o, Detected) and o.worker == worker.name]

    with closing(Load(kafka, topics, store_images)) as load:
        place(model, OLD, "old")
        old = start_worker()
        until(lambda: len(results_of(old)) >= 8)
        place(model, NEW, "new")
        new = start_worker()
        until(lambda: len(results_of(new)) >= 8)
        seen = len(results_of(old))
        until(lambda: len(results_of(old)) >= seen + 8)  # side by side

        old.signal(signal.SIGTERM)
        told_at = time.monotonic()
        status = old.wait()
        drained_s = time.monotonic() - told_at
        until(lambda: len({o.record.partition for o in results_of(new)}) == topics.partitions)
        published = load.close().acknowledged
    ledger = balanced()

    assert status == 0
    assert drained_s < settings.worker.drain_s
    assert (ledger.records, ledger.detected, ledger.duplicates) == (published, published, 0)
    versions = defaultdict(set)
    for outcome in stored(kafka, topics):
        labels = {found.label.rpartition("-")[2] for found in outcome.detections}
        versions[outcome.worker] |= {(outcome.model_name, outcome.model_digest, label) for label in labels}
    assert versions == {old.name: {("old", digest(OLD), "old")}, new.name: {("new", digest(NEW), "new")}}
