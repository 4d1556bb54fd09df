"""Whatever a record holds, it has an outcome, and the worker goes on."""

import struct
import zlib

import pytest

from frames.clients import producer
from frames.event import Message
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
