from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from frames.claim_check import ClaimCheckError, ClaimChecks, ClaimCheckSettings, StorageError
from frames.event import Frame, Message, encode_frame
from frames.outcome import Dead, DeadReason, Detected, Detection, Expired, ExpiredReason
from tests.unit.workers.polled import frame, polled, polled_frame
from workers.detector import DetectorError, DeviceLostError, Image
from workers.freshness import Freshness
from workers.inbox import Batch
from workers.model import Model
from workers.opening import Opening
from workers.processing import Processing

JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
PERSON = Detection("person", 0, 0.9, (1.0, 2.0, 30.0, 40.0))
NONE = ClaimCheckSettings()
MODEL = Model(name="test", digest="ab" * 32, labels=("person",), path=Path("test.onnx"))


class OnePersonEach:
    """A detector that keeps the images it was given."""

    input_size = (64, 48)
    batch_limit = 8

    def __init__(self) -> None:
        self.batches: list[list[Image]] = []

    def warm_up(self) -> None:
        pass

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        self.batches.append(list(images))
        return [(PERSON,)] * len(images)


class Lost(OnePersonEach):
    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        raise DeviceLostError("the device is gone")


class FailsOnBright(OnePersonEach):
    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        if any(image.mean() > 200 for image in images):
            raise DetectorError("too bright")
        return super().detect(images)


class Checks:
    """Claim checks that answer as they are told, call by call, and end with an image."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    def open(self, frame: Frame) -> bytes:
        if self.failures:
            raise self.failures.pop(0)
        return frame.image or JPEG


def processing(detector=None, max_age_s=None, now=101.0, checks=None, patient=lambda seconds: True):
    detector = detector or OnePersonEach()
    freshness = Freshness((), max_age_s)
    opening = Opening(
        freshness, detector.input_size, checks or ClaimChecks(NONE), "worker-1", lambda: now, patient
    )
    return Processing(opening, detector, MODEL, "worker-1", lambda: now, on_retry=lambda: None)


def test_a_good_frame_ends_detected_with_size_model_and_boxes():
    [(_, outcome)] = processing().outcomes(Batch([polled_frame(JPEG)], []))

    assert isinstance(outcome, Detected)
    assert (outcome.width, outcome.height) == (64, 48)
    assert (outcome.frame_id, outcome.model_digest) == ("frame-1", MODEL.digest)
    assert outcome.detections == (PERSON,)
    assert outcome.timings_s["queue"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(Message(b"door", JPEG, []), DeadReason.NOT_AN_EVENT, id="no CloudEvents headers"),
        pytest.param(encode_frame(frame(b"hello")), DeadReason.UNSUPPORTED_IMAGE, id="text"),
        pytest.param(encode_frame(frame(b"")), DeadReason.EMPTY_IMAGE, id="empty"),
        pytest.param(encode_frame(frame(JPEG[: len(JPEG) // 2])), DeadReason.CORRUPT_IMAGE, id="cut off"),
    ],
)
def test_what_cannot_be_processed_ends_dead_with_its_reason_and_untouched(message, reason):
    [(_, outcome)] = processing().outcomes(Batch([polled(message)], []))

    assert isinstance(outcome, Dead)
    assert outcome.reason is reason
    assert outcome.original == message


def test_a_frame_that_is_too_old_expires_with_its_limit_and_without_being_decoded():
    batch = Batch([], [(polled_frame(b"not even an image"), ExpiredReason.TOO_OLD)])

    [(_, outcome)] = processing(max_age_s=0.8).outcomes(batch)

    assert isinstance(outcome, Expired)
    assert (outcome.reason, outcome.limit_s) == (ExpiredReason.TOO_OLD, 0.8)
    assert outcome.age_s == pytest.approx(1.0)


def test_a_bad_frame_takes_no_other_one_of_its_batch_with_it():
    detector = OnePersonEach()
    batch = [polled_frame(JPEG, 0), polled_frame(b"bad", 1), polled_frame(JPEG, 2)]

    outcomes = processing(detector).outcomes(Batch(batch, []))

    assert sorted((polled.record.offset, outcome.kind) for polled, outcome in outcomes) == [
        (0, "detected"),
        (1, "dead"),
        (2, "detected"),
    ]
    assert [len(images) for images in detector.batches] == [2]


def test_a_frame_that_the_detector_fails_on_ends_dead_and_takes_no_other_with_it():
    bright = cv2.imencode(".jpg", np.full((48, 64, 3), 250, np.uint8))[1].tobytes()
    batch = [polled_frame(JPEG, 0), polled_frame(bright, 1), polled_frame(JPEG, 2)]

    outcomes = {
        polled.record.offset: outcome
        for polled, outcome in processing(FailsOnBright()).outcomes(Batch(batch, []))
    }

    assert [outcomes[offset].kind for offset in range(3)] == ["detected", "dead", "detected"]
    assert (outcomes[1].reason, outcomes[1].attempts) == (DeadReason.DETECTOR_FAILED, 3)


def test_a_lost_device_gives_no_record_an_outcome():
    with pytest.raises(DeviceLostError):
        processing(Lost()).outcomes(Batch([polled_frame(JPEG), polled_frame(b"bad")], []))


def test_a_superseded_frame_expires_with_that_reason_and_without_a_limit():
    batch = Batch([], [(polled_frame(b"not looked at"), ExpiredReason.SUPERSEDED)])

    [(_, outcome)] = processing(max_age_s=0.8).outcomes(batch)

    assert isinstance(outcome, Expired)
    assert (outcome.reason, outcome.limit_s) == (ExpiredReason.SUPERSEDED, None)
    assert Expired.read(outcome.message()) == outcome


def test_a_large_jpeg_is_decoded_in_part_and_its_boxes_are_in_pixels_of_the_whole():
    detector = OnePersonEach()
    large = cv2.imencode(".jpg", np.full((96 * 2, 64 * 3, 3), 90, np.uint8))[1].tobytes()

    [(_, outcome)] = processing(detector).outcomes(Batch([polled_frame(large)], []))

    assert detector.batches[0][0].shape == (48, 48, 3)
    assert (outcome.width, outcome.height) == (192, 192)
    assert outcome.detections[0].box == pytest.approx((4.0, 8.0, 120.0, 160.0))


def claimed(offset=0):
    return polled(encode_frame(frame(b"", dataref="s3://frames/one")), offset)


def test_a_frame_that_lies_elsewhere_is_fetched_and_one_that_cannot_be_ends_dead_with_its_reason():
    not_there = ClaimCheckError(DeadReason.DATAREF_NOT_FOUND, "no such object")

    outcomes = processing(checks=Checks(not_there)).outcomes(Batch([claimed(0), claimed(1)], []))

    kinds = {polled.record.offset: outcome.kind for polled, outcome in outcomes}
    reasons = [outcome.reason for _, outcome in outcomes if isinstance(outcome, Dead)]
    assert kinds == {0: "dead", 1: "detected"}
    assert reasons == [DeadReason.DATAREF_NOT_FOUND]


def test_a_storage_that_is_away_is_waited_for_and_kills_no_frame():
    waits = []

    def patient(seconds):
        waits.append(seconds)
        return True

    checks = Checks(*[StorageError("away")] * 5)
    [(_, outcome)] = processing(checks=checks, patient=patient).outcomes(Batch([claimed()], []))

    assert isinstance(outcome, Detected)
    assert len([seconds for seconds in waits if seconds]) == 5


def test_a_worker_that_leaves_waits_no_longer_and_leaves_the_frame_to_the_next_owner():
    checks = Checks(StorageError("away"))

    [(_, outcome)] = processing(checks=checks, patient=lambda seconds: False).outcomes(Batch([claimed()], []))

    assert outcome is None
