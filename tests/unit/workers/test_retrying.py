import numpy as np
import pytest

from workers.detector import DetectorError, DeviceLostError
from workers.retrying import TRIES, Retrying

FRAME = np.full((8, 8, 3), 9, np.uint8)
OTHER = np.full((8, 8, 3), 7, np.uint8)


class Script:
    """A detector that fails as it is told, call by call; afterwards it finds nothing."""

    input_size = (8, 8)
    batch_limit = 8

    def __init__(self, *failures):
        self.failures = list(failures)
        self.sizes = []

    def warm_up(self):
        pass

    def detect(self, images):
        self.sizes.append(len(images))
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        return [()] * len(images)


def retrying(detector, pauses):
    return Retrying(detector, on_retry=lambda: None, sleep=pauses.append)


def test_a_batch_that_failed_is_tried_frame_by_frame():
    detector = Script(DetectorError("once"))

    assert retrying(detector, []).detect([FRAME, OTHER]) == [(), ()]
    assert detector.sizes == [2, 1, 1]


def test_a_frame_is_tried_three_times_with_growing_pauses():
    detector, pauses = Script(DetectorError("1"), DetectorError("2")), []

    assert retrying(detector, pauses).detect([FRAME]) == [()]
    assert len(detector.sizes) == TRIES
    assert pauses == sorted(pauses)
    assert len(pauses) == TRIES - 1


def test_a_frame_that_fails_each_time_is_at_fault_if_a_blank_image_works():
    detector = Script(*[DetectorError(str(n)) for n in range(TRIES)])

    [found] = retrying(detector, []).detect([FRAME])

    assert isinstance(found, DetectorError)
    assert len(detector.sizes) == TRIES + 1


def test_a_detector_that_fails_on_a_blank_image_too_is_broken_and_no_frame_is_at_fault():
    detector = Script(*[DetectorError("always")] * (TRIES + 1))

    with pytest.raises(DeviceLostError, match="blank"):
        retrying(detector, []).detect([FRAME])


def test_a_lost_device_is_not_tried_again():
    detector = Script(DeviceLostError("gone"))

    with pytest.raises(DeviceLostError):
        retrying(detector, []).detect([FRAME, OTHER])
    assert detector.sizes == [2]


def test_nothing_is_asked_for_no_images():
    detector = Script()

    assert retrying(detector, []).detect([]) == []
    assert detector.sizes == []
