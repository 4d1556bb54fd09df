"""Large frames through a real worker, from a disk and from a real S3 API."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectscale.settings import Settings
from frames.claim_check import ClaimCheckSettings
from frames.clients import producer
from frames.event import Frame, encode_frame
from frames.outcome import Dead, DeadReason, Detected, RecordId
from frames.publisher import Publisher
from frames.results import stored
from frames.sources import captured


@pytest.fixture(params=["disk", "S3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return request.getfixturevalue("s3_bucket") if request.param == "S3" else str(tmp_path)


@pytest.fixture
def settings(settings: Settings, root: str) -> Settings:
    return settings.model_copy(update={"claim_checks": ClaimCheckSettings(roots=(root,))})


@pytest.fixture
def large_image(store_images: list[bytes]) -> bytes:
    """A PNG of 30 MB that shows what the first of the store's images shows."""
    pixels = cv2.imdecode(np.frombuffer(store_images[0], np.uint8), cv2.IMREAD_COLOR)
    larger = cv2.resize(pixels, (3600, 2900))
    return cv2.imencode(".png", larger, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()


def test_a_frame_of_30_mb_is_detected(settings, start_worker, balanced, large_image):
    records: list[RecordId] = []
    publisher = Publisher(
        settings.kafka,
        settings.topics,
        settings.publisher,
        claim_checks=settings.claim_checks,
        on_acknowledged=lambda frame, record, at: records.append(record),
    )
    publisher.offer(captured("door", large_image, time.time(), 0))
    assert publisher.close(timeout_s=60).acknowledged == 1
    start_worker()

    balanced()

    [outcome] = stored(settings.kafka, settings.topics)
    assert len(large_image) > 30_000_000
    assert isinstance(outcome, Detected)
    assert [outcome.record] == records
    assert (outcome.width, outcome.height) == (3600, 2900)
    assert outcome.detections


def test_a_dataref_outside_of_the_roots_is_dead_lettered_unopened(
    settings, start_worker, balanced, root, tmp_path, store_images, caplog
):
    outside = tmp_path.with_name(f"{tmp_path.name}-evil") / "image.jpg"
    outside.parent.mkdir()
    outside.write_bytes(store_images[0])
    url = root if "://" in root else Path(root).as_uri()
    hostile = {
        outside.as_uri(): DeadReason.DATAREF_NOT_ALLOWED,
        f"{url}/%2e%2e/image.jpg": DeadReason.DATAREF_NOT_ALLOWED,
        "s3://another-bucket/image.jpg": DeadReason.DATAREF_NOT_ALLOWED,
        "http://127.0.0.1/image.jpg": DeadReason.DATAREF_NOT_ALLOWED,
        f"{url}/gone.jpg": DeadReason.DATAREF_NOT_FOUND,
    }
    client = producer(settings.kafka)
    for n, dataref in enumerate(hostile):
        frame = Frame(f"frame-{n}", "door", "/cameras/door", time.time(), "image/jpeg", b"", dataref=dataref)
        message = encode_frame(frame)
        client.send(
            settings.topics.frames, key=message.key, value=message.value, headers=list(message.headers)
        ).get(timeout=10)
    client.close()
    start_worker()

    balanced()

    reasons = {}
    for outcome in stored(settings.kafka, settings.topics):
        assert isinstance(outcome, Dead)
        [dataref] = [value.decode() for name, value in outcome.original.headers if name == "ce_dataref"]
        assert outcome.original.value == b""
        reasons[dataref] = outcome.reason
    assert reasons == hostile
    requests = caplog.text  # moto logs every one
    assert ("gone.jpg" in requests) == ("://" in root)
    assert "another-bucket" not in requests
