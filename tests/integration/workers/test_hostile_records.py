"""Whatever a record holds, it has an outcome, and the worker goes on."""

import struct
import time
import zlib

import pytest
from kafka.admin import NewTopic

from frames.clients import admin, producer
from frames.event import Frame, Message, encode_frame
from frames.outcome import Dead, DeadReason, Detected
from frames.results import stored
from tests.waiting import until


def png_bomb(side: int) -> bytes:
    """A PNG of side x side one-bit pixels: 50 kB for 400 million of them."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.fixture
def send(kafka, topics):
    """Appends a record as it is."""
    client = producer(kafka)
    yield lambda message: client.send(
        topics.frames, key=message.key, value=message.value, headers=list(message.headers)
    ).get(timeout=10)
    client.close()


def test_hostile_records_end_as_dead_letters_and_the_worker_goes_on(
    kafka, topics, publish, send, start_worker, balanced, store_images
):
    good = store_images[0]
    hostile = {
        "text": (b"this is not a picture", DeadReason.UNSUPPORTED_IMAGE),
        "cut off": (good[: len(good) // 2], DeadReason.CORRUPT_IMAGE),
        "empty": (b"", DeadReason.EMPTY_IMAGE),
        "bomb": (png_bomb(20_000), DeadReason.IMAGE_TOO_LARGE),
    }
    records = publish([image for image, _ in hostile.values()])
    send(Message(b"door", good, []))
    send(Message(b"door", None, [("ce_specversion", b"\xff\xfe")]))  # type: ignore[arg-type]  # a tombstone
    good_records = publish(store_images)
    start_worker()

    balanced()
    outcomes = {outcome.record: outcome for outcome in stored(kafka, topics)}

    for record, (image, reason) in zip(records, hostile.values(), strict=True):
        dead = outcomes[record]
        assert isinstance(dead, Dead)
        assert (dead.reason, dead.original.value) == (reason, image)
    not_events = [o for o in outcomes.values() if isinstance(o, Dead) and o.reason == DeadReason.NOT_AN_EVENT]
    assert len(not_events) == 2
    assert all(isinstance(outcomes[record], Detected) for record in good_records)


def test_a_flood_of_bombs_does_not_take_memory(publish, start_worker, balanced, store_images):
    publish(store_images)
    worker = start_worker()
    balanced()
    before_mib = worker.resident_mib

    publish([png_bomb(20_000)] * 200)
    ledger = balanced()

    assert ledger.dead_lettered == 200
    assert worker.resident_mib < before_mib + 60  # 200 bombs are 10 MB in flight; one decoded is 1.2 GB


def test_a_worker_never_imports_torch(publish, start_worker, balanced, store_images):
    publish(store_images[:1])
    worker = start_worker()

    balanced()

    until(lambda: "openvino" in worker.libraries)
    assert "torch" not in worker.libraries


@pytest.fixture
def compressible(kafka, topics):
    """The topic of frames as others may have made it: the broker keeps batches compressed."""
    client = admin(kafka)
    client.delete_topics([topics.frames])
    until(lambda: topics.frames not in client.list_topics())
    client.create_topics([NewTopic(topics.frames, 4, 1)], wait_for_metadata=True)
    client.close()


@pytest.mark.usefixtures("compressible")
def test_a_record_that_unpacks_to_more_than_fits_a_dead_letter_has_one_without_it(
    kafka, topics, publish, start_worker, balanced, store_images
):
    client = producer(kafka, compression_type="gzip", max_request_size=2**26)
    client.send(topics.frames, value=b"text " * 5_000_000).get(timeout=20)
    client.close()
    publish(store_images[:4])
    start_worker()

    ledger = balanced()

    [dead] = [outcome for outcome in stored(kafka, topics) if isinstance(outcome, Dead)]
    assert (ledger.detected, ledger.dead_lettered) == (4, 1)
    assert (dead.reason, dead.original.value) == (DeadReason.IMAGE_TOO_LARGE, b"")
    assert "25000000 bytes unpacked" in dead.detail


@pytest.mark.usefixtures("compressible")
def test_frames_compressed_by_any_codec_of_kafka_are_detected(
    kafka, topics, start_worker, balanced, store_images
):
    frame = encode_frame(Frame("f", "door", "/cameras/door", time.time(), "image/jpeg", store_images[0]))
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        client = producer(kafka, compression_type=codec)
        client.send(topics.frames, key=codec.encode(), value=frame.value, headers=frame.headers).get(
            timeout=10
        )
        client.close()
    start_worker()

    assert balanced().detected == 4
