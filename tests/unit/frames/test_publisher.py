"""A publisher never blocks its camera, and nothing it accepted goes unreported."""

import threading
import uuid
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from kafka.future import Future

from frames.claim_check import ClaimCheckSettings
from frames.clients import KafkaSettings
from frames.event import Message, decode_frame
from frames.outcome import RecordId
from frames.publisher import (
    MAX_IMAGE_BYTES,
    Acceptance,
    Publisher,
    PublisherCounts,
    PublisherSettings,
    new_frame,
)
from frames.sources import Captured, captured
from frames.topics import TopicSettings

IMAGE = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
DEADLINE_S = 10.0


def shot(sequence: int = 0, image: bytes = IMAGE) -> Captured:
    return captured("door", image, at=100.0 + sequence, sequence=sequence)


class FakeProducer:
    """Keeps what it is given; the test decides when and how it ends."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[Message] = []
        self.futures: list[Future] = []
        self.closed = threading.Event()
        self.error = error
        self.arrived = threading.Semaphore(0)

    def send(self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> Future:
        self.sent.append(Message(key, value, headers))
        self.futures.append(Future())
        self.arrived.release()
        if self.error is not None:
            raise self.error
        return self.futures[-1]

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.arrived.acquire(timeout=DEADLINE_S)

    def acknowledge(self, place: int) -> None:
        appended = SimpleNamespace(topic="frames", partition=3, offset=place, timestamp=5_000)
        self.futures[place].success(appended)

    def close(self) -> None:
        self.closed.set()


def publisher(producer: FakeProducer, **options: Any) -> Publisher:
    settings = PublisherSettings(**options.pop("settings", {}))
    return Publisher(KafkaSettings(), TopicSettings(), settings, connect=lambda *_, **__: producer, **options)


def test_an_acknowledged_frame_is_reported_with_its_record():
    producer, reports = FakeProducer(), []
    frames = publisher(producer, on_acknowledged=lambda *report: reports.append(report))

    frame_id = frames.offer(shot())
    producer.wait_for(1)
    producer.acknowledge(0)

    [(frame, record, appended_at)] = reports
    assert (frame.id, record, appended_at) == (frame_id, RecordId("frames", 3, 0), 5.0)
    assert frames.close(DEADLINE_S) == PublisherCounts(accepted=1, acknowledged=1)
    assert producer.closed.is_set()


def test_a_frame_travels_as_an_event_of_its_camera():
    producer = FakeProducer()
    frames = publisher(producer, settings={"expiry_s": 30})

    frames.offer(shot(sequence=7))
    producer.wait_for(1)

    frame = decode_frame(producer.sent[0], 0.0)
    assert (frame.camera, frame.sequence, frame.image) == ("door", "000000000007", IMAGE)
    assert (frame.captured_at, frame.expires_at) == (107.0, 137.0)
    assert uuid.UUID(frame.id).version == 4


def test_frames_keep_their_order():
    producer = FakeProducer()
    frames = publisher(producer)

    for sequence in range(50):
        frames.offer(shot(sequence))
    producer.wait_for(50)

    assert [decode_frame(message, 0.0).captured_at for message in producer.sent] == [
        100.0 + n for n in range(50)
    ]


def test_a_full_buffer_refuses_until_something_is_acknowledged():
    producer = FakeProducer()
    frames = publisher(producer, settings={"buffer_bytes": 2 * len(IMAGE)})

    first = [frames.offer(shot(n)) for n in range(3)]
    producer.wait_for(2)
    producer.acknowledge(0)
    then = frames.offer(shot(3))

    assert [frame is not None for frame in [*first, then]] == [True, True, False, True]
    assert frames.counts == PublisherCounts(accepted=3, acknowledged=1, refused=1)


@pytest.mark.parametrize(
    ("image", "acceptance"),
    [
        pytest.param(b"", Acceptance.NOT_AN_IMAGE, id="empty"),
        pytest.param(b"GIF89a", Acceptance.NOT_AN_IMAGE, id="gif"),
        pytest.param(IMAGE[:-2], Acceptance.NOT_AN_IMAGE, id="cut off"),
        pytest.param(bytes(MAX_IMAGE_BYTES + 1), Acceptance.TOO_LARGE, id="too large"),
    ],
)
def test_what_a_worker_would_dead_letter_is_not_sent(image, acceptance):
    frames = publisher(FakeProducer())

    assert frames.send(new_frame(shot(image=image), None)) is acceptance
    assert frames.close(DEADLINE_S).accepted == 0


def test_unchecked_bytes_are_sent_on_demand():
    producer = FakeProducer()
    frames = publisher(producer, check_images=False)

    frames.offer(shot(image=b"GIF89a"))
    producer.wait_for(1)

    assert producer.sent[0].value == b"GIF89a"


@pytest.mark.parametrize("refusal", [ValueError("no such topic"), None], ids=["at once", "later"])
def test_what_kafka_does_not_take_has_failed_and_says_why(refusal):
    producer, reports = FakeProducer(refusal), []
    frames = publisher(producer, on_failed=lambda frame, why: reports.append(why))

    frames.offer(shot())
    producer.wait_for(1)
    if refusal is None:
        producer.futures[0].failure(ValueError("no such topic"))

    assert frames.close(DEADLINE_S) == PublisherCounts(accepted=1, failed=1)
    assert reports == ["ValueError: no such topic"]


def test_closing_reports_what_could_not_be_sent_in_time(caplog):
    producer, reports = FakeProducer(), []
    frames = publisher(producer, on_failed=lambda frame, why: reports.append(why))
    for sequence in range(3):
        frames.offer(shot(sequence))
    producer.wait_for(3)
    producer.acknowledge(1)

    counts = frames.close(0.0)
    producer.acknowledge(0)  # too late

    assert counts == frames.counts == PublisherCounts(accepted=3, acknowledged=1, failed=2)
    assert reports == ["TimeoutError: not acknowledged within 0 s"] * 2
    assert "2 of 3 frames could not be sent" in caplog.text


def test_a_closed_publisher_refuses():
    frames = publisher(FakeProducer())
    frames.close(DEADLINE_S)

    assert frames.send(new_frame(shot(), None)) is Acceptance.REFUSED


def test_ids_are_unique():
    assert len({new_frame(shot(), None).id for _ in range(1000)}) == 1000


def test_an_image_too_large_for_a_record_is_checked_in(tmp_path):
    producer, reports, image = FakeProducer(), [], bytes(MAX_IMAGE_BYTES + 1)
    frames = publisher(
        producer,
        claim_checks=ClaimCheckSettings(roots=(str(tmp_path),)),
        check_images=False,
        on_acknowledged=lambda frame, *_: reports.append(frame),
    )

    frames.offer(shot(image=image))
    frames.offer(shot(sequence=1))
    producer.wait_for(2)
    producer.acknowledge(0)

    large, small = (decode_frame(message, 0.0) for message in producer.sent)
    [written] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (large.image, large.dataref, large.content_type) == (
        b"",
        written.as_uri(),
        "application/octet-stream",
    )
    assert written.stat().st_size == len(image)
    assert (small.image, small.dataref) == (IMAGE, None)
    assert reports[0].image == image


def test_an_image_that_no_storage_takes_has_failed(tmp_path):
    reports: list[str] = []
    frames = publisher(
        FakeProducer(),
        claim_checks=ClaimCheckSettings(roots=(str(tmp_path / "unmounted"),)),
        check_images=False,
        on_failed=lambda frame, why: reports.append(why),
    )

    frames.offer(shot(image=bytes(MAX_IMAGE_BYTES + 1)))

    assert frames.close(DEADLINE_S) == PublisherCounts(accepted=1, failed=1)
    assert "is it there, and mounted?" in reports[0]


def test_an_image_too_large_for_a_claim_check_is_refused(tmp_path):
    limited = ClaimCheckSettings(roots=(str(tmp_path),), max_bytes=MAX_IMAGE_BYTES + 1)
    frames = publisher(FakeProducer(), claim_checks=limited)

    assert frames.send(new_frame(shot(image=bytes(MAX_IMAGE_BYTES + 2)), None)) is Acceptance.TOO_LARGE
