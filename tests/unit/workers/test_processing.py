from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from frames.event import Message, encode_frame
from frames.outcome import Dead, DeadReason, Detected, Detection, Expired
from tests.unit.workers.polled import frame, polled, polled_frame
from workers.detector import DetectorError, Image
from workers.model import Model
from workers.processing import Processing

JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
PERSON = Detection("person", 0, 0.9, (1.0, 2.0, 30.0, 40.0))
MODEL = Model(name="test", digest="ab" * 32, labels=("person",), content=b"")


class OnePersonEach:
    """A detector that keeps the images it was given."""

    def __init__(self) -> None:
        self.batches: list[list[Image]] = []

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        self.batches.append(list(images))
        return [(PERSON,)] * len(images)


class Broken:
    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        raise DetectorError("the device is gone")


def processing(detector=None, max_age_s=None, now=101.0):
    return Processing(detector or OnePersonEach(), MODEL, "worker-1", max_age_s, clock=lambda: now)


def test_a_good_frame_ends_detected_with_size_model_and_boxes():
    [(_, outcome)] = processing().outcomes([polled_frame(JPEG)])

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
    [(_, outcome)] = processing().outcomes([polled(message)])

    assert isinstance(outcome, Dead)
    assert outcome.reason is reason
    assert outcome.original == message


@pytest.mark.parametrize(
    ("expires_at", "max_age_s", "limit_s"),
    [
        pytest.param(100.5, None, 0.5, id="by the sender's expiry"),
        pytest.param(None, 0.8, 0.8, id="by the configured age"),
        pytest.param(100.5, 0.2, 0.2, id="by the shorter of both"),
    ],
)
def test_a_frame_that_is_too_old_expires_without_being_decoded(expires_at, max_age_s, limit_s):
    detector = OnePersonEach()
    message = encode_frame(frame(b"not even an image", expires_at=expires_at))

    [(_, outcome)] = processing(detector, max_age_s).outcomes([polled(message)])

    assert isinstance(outcome, Expired)
    assert outcome.limit_s == pytest.approx(limit_s)
    assert outcome.age_s == pytest.approx(1.0)


def test_a_frame_without_a_limit_never_expires():
    [(_, outcome)] = processing(now=1e9).outcomes([polled_frame(JPEG)])

    assert isinstance(outcome, Detected)


def test_a_bad_frame_takes_no_other_one_of_its_batch_with_it():
    detector = OnePersonEach()
    batch = [polled_frame(JPEG, 0), polled_frame(b"bad", 1), polled_frame(JPEG, 2)]

    outcomes = processing(detector).outcomes(batch)

    assert sorted((polled.record.offset, outcome.kind) for polled, outcome in outcomes) == [
        (0, "detected"),
        (1, "dead"),
        (2, "detected"),
    ]
    assert [len(images) for images in detector.batches] == [2]


def test_a_broken_detector_gives_no_record_an_outcome():
    with pytest.raises(DetectorError):
        processing(Broken()).outcomes([polled_frame(JPEG), polled_frame(b"bad")])
