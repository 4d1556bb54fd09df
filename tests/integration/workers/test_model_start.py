"""A worker whose model lies in object storage."""

import hashlib

import fsspec
import pytest

from frames.ledger import read_ledger
from workers.model import BUNDLED, ModelSettings

pytestmark = pytest.mark.timeout(240)
DIGEST = hashlib.sha256(BUNDLED.read_bytes()).hexdigest()


def put(url: str, content: bytes) -> str:
    with fsspec.open(url, "wb") as file:
        file.write(content)
    return url


@pytest.fixture
def settings(settings, s3_bucket, tmp_path, monkeypatch):
    """Of a worker with an empty cache, whose model is `yolo.onnx` in the bucket."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    manifest = BUNDLED.with_suffix(".yaml").read_bytes().replace(BUNDLED.name.encode(), b"yolo.onnx")
    put(f"{s3_bucket}/yolo.yaml", manifest)
    model = ModelSettings(path=put(f"{s3_bucket}/yolo.onnx", BUNDLED.read_bytes()))
    return settings.model_copy(update={"model": model})


def test_a_worker_detects_with_a_model_from_s3_and_keeps_it_for_the_next_start(
    publish, start_worker, balanced, store_images, tmp_path
):
    publish(store_images)
    worker = start_worker()

    ledger = balanced()

    assert (ledger.detected, ledger.duplicates) == (len(store_images), 0)
    assert DIGEST[:12] in worker.log.read_text()
    assert (tmp_path / "cache" / "detectscale" / "models" / "fetched" / DIGEST / "yolo.onnx").exists()


def test_a_model_with_a_flipped_byte_is_refused_before_the_worker_joins(
    settings, kafka, topics, publish, start_worker, store_images
):
    content = bytearray(BUNDLED.read_bytes())
    content[len(content) // 2] ^= 1
    put(settings.model.path, bytes(content))
    publish(store_images[:2])

    worker = start_worker()

    assert worker.wait() == 2
    assert f"{DIGEST} was promised" in worker.log.read_text()
    assert read_ledger(kafka, topics).ends == {}
