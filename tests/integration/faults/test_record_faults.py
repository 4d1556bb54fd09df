"""
Records that are broken, odd, late or far too many: numbers 16 to 27 of the table of faults.

Two workers serve all cases, under a steady load of good frames; the last test judges the whole run.
What is hostile in other ways (bombs, text, no event) is in tests/integration/workers.
"""

import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

import pytest
from kafka.errors import MessageSizeTooLargeError
from kafka.partitioner.default import murmur2

from frames.clients import MAX_MESSAGE_BYTES
from frames.event import Frame, Message, encode_frame
from frames.ledger import read_ledger
from frames.outcome import Dead, DeadReason, Detected, Expired
from frames.publisher import Acceptance, Publisher, PublisherSettings
from frames.results import stored
from tests.integration.faults.brokers import reached
from tests.integration.faults.rig import Rig
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def stage(session_broker, images, tmp_path_factory):
    broker, _ = session_broker
    stage = Rig("16-26 hostile records", reached([broker]), tmp_path_factory.mktemp("records"), images)
    stage.steady()
    stage.broken()
    yield stage
    stage.close()
    print(stage.logs())


def frame(image: bytes, **changes) -> Frame:
    made = Frame("id-" + str(time.time_ns()), "door", "/cameras/door", time.time(), "image/jpeg", image)
    return replace(made, **changes)


def outcome_of(stage, record):
    """The outcome of *record*; waits for it."""

    def found():
        return [outcome for outcome in stored(stage.kafka, stage.topics) if outcome.record == record]

    [outcome] = until(found, 30)
    return outcome


@dataclass(frozen=True)
class Damage:
    """One way to spoil an image, and how its frame may end."""

    spoil: Callable[[bytes], bytes]
    ends: tuple[object, ...]
    """Of them, one: a kind of outcome, or the reason of a dead letter."""


def flipped(image: bytes) -> bytes:
    middle = len(image) // 2
    return image[:middle] + bytes([image[middle] ^ 0x10]) + image[middle + 1 :]


def archive(image: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.writestr("payload.html", "<script>alert(1)</script>")
    return image + packed.getvalue()


CORRUPT, UNSUPPORTED = DeadReason.CORRUPT_IMAGE, DeadReason.UNSUPPORTED_IMAGE


@pytest.mark.parametrize(
    ("fault", "damage"),
    [
        # Nobody can tell a flipped bit of a picture from a picture; it must only end, and harm nobody.
        pytest.param("16 a bit flipped", Damage(flipped, (Detected, CORRUPT)), id="bit-flip"),
        pytest.param("17 cut at 95 %", Damage(lambda i: i[: len(i) * 95 // 100], (CORRUPT,)), id="cut-95"),
        pytest.param("17 last two bytes missing", Damage(lambda i: i[:-2], (CORRUPT,)), id="cut-2"),
        pytest.param("18 zeros", Damage(lambda i: bytes(len(i)), (UNSUPPORTED,)), id="zeros"),
        pytest.param("18 a GIF", Damage(lambda i: b"GIF89a" + i[6:], (UNSUPPORTED,)), id="gif"),
        pytest.param("20 a JPEG that is HTML too", Damage(lambda i: i + b"<html>", (Detected,)), id="html"),
        pytest.param("20 a JPEG that is a ZIP too", Damage(archive, (Detected,)), id="zip"),
    ],
)
def test_a_damaged_image_has_one_outcome(stage, images, fault, damage):
    record = stage.append(encode_frame(frame(damage.spoil(images[0]))))

    outcome = outcome_of(stage, record)

    ended = outcome.reason if isinstance(outcome, Dead) else type(outcome)
    print(f"fault {fault}: 1 record, lost 0, ended as {ended}")
    assert ended in damage.ends


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        pytest.param(
            "22 structured JSON cut off", lambda m: structured(b'{"specversion":"1.0","id":'), id="json"
        ),
        pytest.param("22 no id", lambda m: without(m, "ce_id"), id="no-id"),
        pytest.param("23 version 99", lambda m: with_type(m, b"detectscale.frame.v99"), id="v99"),
    ],
)
def test_an_envelope_nobody_can_read_dies_at_once(stage, images, fault, spoil):
    record = stage.append(spoil(encode_frame(frame(images[0]))))

    outcome = outcome_of(stage, record)

    print(f"fault {fault}: 1 record, lost 0, ended as {outcome.reason}: {outcome.detail}")
    assert (outcome.reason, outcome.attempts) == (DeadReason.NOT_AN_EVENT, 1)


def structured(body: bytes) -> Message:
    return Message(b"door", body, [("content-type", b"application/cloudevents+json")])


def without(message: Message, header: str) -> Message:
    return Message(message.key, message.value, [h for h in message.headers if h[0] != header])


def with_type(message: Message, name: bytes) -> Message:
    headers = [(key, name if key == "ce_type" else value) for key, value in message.headers]
    return Message(message.key, message.value, headers)


def test_a_frame_over_the_limit_is_refused_before_it_is_sent(stage, images):
    publisher = Publisher(stage.kafka, stage.topics, PublisherSettings(), check_images=False)
    limit = MAX_MESSAGE_BYTES

    told = publisher.send(frame(images[0] + bytes(2 * limit)))
    publisher.close(timeout_s=10)
    with pytest.raises(MessageSizeTooLargeError):
        stage.append(Message(b"door", bytes(2 * limit), []))

    print(f"fault 21 twice the limit: refused as {told}")
    assert told is Acceptance.TOO_LARGE


def test_the_largest_record_there_is_wedges_nobody(stage):
    record = stage.append(Message(b"door", bytes(MAX_MESSAGE_BYTES - 4096), []))

    outcome = outcome_of(stage, record)

    print(f"fault 21 as large as allowed: 1 record, lost 0, ended as {outcome.reason}")
    assert outcome.reason == DeadReason.NOT_AN_EVENT


def test_a_frame_that_is_sent_twice_has_one_identity(stage, images):
    twice = encode_frame(frame(images[0], id="the-same"))

    outcomes = [outcome_of(stage, stage.append(twice)) for _ in range(2)]

    ids = {dict(outcome.message().headers)["ce_id"] for outcome in outcomes}
    print(f"fault 24 sent twice: 2 records, lost 0, {len(ids)} distinct result")
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("skew_s", "expiry_s", "end"),
    [
        pytest.param(3600.0, None, Detected, id="ahead"),
        pytest.param(-3600.0, None, Detected, id="behind"),
        pytest.param(-3600.0, 30.0, Expired, id="behind-and-expired"),
        pytest.param(3600.0, 30.0, Detected, id="ahead-with-expiry"),
    ],
)
def test_a_camera_with_a_wrong_clock_is_served(stage, images, skew_s, expiry_s, end):
    at = time.time() + skew_s
    record = stage.append(
        encode_frame(frame(images[0], captured_at=at, expires_at=None if expiry_s is None else at + expiry_s))
    )

    outcome = outcome_of(stage, record)

    print(f"fault 25 clock {skew_s:+g} s: 1 record, lost 0, ended as {type(outcome).__name__}")
    assert isinstance(outcome, end)
    if isinstance(outcome, Detected):
        assert min(outcome.timings_s.values()) >= 0
    else:
        assert outcome.age_s > outcome.limit_s


def test_a_camera_that_floods_its_partition_leaves_the_others_alone(stage, images):
    partition = (murmur2(b"camera-0") & 0x7FFFFFFF) % stage.topics.partitions
    flood = [stage.publish("camera-0") for _ in range(3)]
    publisher = Publisher(stage.kafka, stage.topics, PublisherSettings(), check_images=False)
    for n in range(400):
        publisher.send(frame(images[n % len(images)], camera="camera-0"))
    publisher.close(timeout_s=20)
    flooded_at = time.time()

    stage.await_served(flooded_at, within_s=60)

    print(f"fault 26 400 frames of one camera: partition {partition}, the others served meanwhile")
    assert {record.partition for record in flood} == {partition}


def test_nothing_of_all_this_was_lost_or_done_twice(stage):
    stage.healed()

    verdict = stage.verdict(fired="all of the above", in_flight=0, progress=True)

    assert verdict.records > len(stage.load.appended_at)
    assert all(worker.alive for worker in stage.workers)


def test_a_flood_of_dead_frames_opens_the_breaker_and_loses_nothing(rig):
    stage = rig("27 150 frames that are no pictures", breaker_frames=50, breaker_pause_s=2.0)
    workers = stage.steady()

    stage.broken()
    publisher = Publisher(stage.kafka, stage.topics, PublisherSettings(), check_images=False)
    for _ in range(150):
        publisher.send(frame(b"no picture"))
    publisher.close(timeout_s=20)
    until(lambda: read_ledger(stage.kafka, stage.topics).dead_lettered == 150, 90)
    stage.healed()

    fired = [
        line for worker in workers for line in worker.said.splitlines() if "frames of a minute died" in line
    ]
    stage.verdict(
        fired=fired[0] if fired else "", in_flight=0, progress=True, recovery_within_s=15, drain_s=90
    )
    assert all(worker.alive for worker in workers)
