"""
From a batch of polled records to their outcomes.

Whatever a record holds, it ends as exactly one of detected, expired or dead. Only a lost
device raises: then nothing of the batch has an outcome, and all of it is read again.
"""

from collections.abc import Callable

from frames.outcome import DeadReason, Detected, Detection, Outcome
from workers.detector import Detector, DetectorError
from workers.failpoints import passing
from workers.inbox import Batch, Polled
from workers.model import Model
from workers.opening import Opened, Opening
from workers.retrying import TRIES, Retrying

Ended = tuple[Polled, Outcome | None]
"""A record with its outcome; None: it has none, and is left to the partition's next owner."""


class Processing:
    """Turns batches into outcomes with one detector."""

    def __init__(
        self,
        opening: Opening,
        detector: Detector,
        model: Model,
        worker: str,
        clock: Callable[[], float],
        on_retry: Callable[[], None],
    ) -> None:
        """
        Make ready to process.

        Args:
            on_retry: Called when a frame or batch is tried once more.
        """
        self._opening = opening
        self._detector = detector
        self._retrying = Retrying(detector, on_retry)
        self._model = model
        self._worker = worker
        self._clock = clock

    @property
    def device(self) -> str:
        """What the detector works on, as metrics name it."""
        return self._detector.device

    @property
    def batch_limit(self) -> int:
        """Most records of a batch that the detector gains from."""
        return self._detector.batch_limit

    def outcomes(self, batch: Batch) -> list[Ended]:
        """
        Each record of *batch* with its outcome, in any order.

        Raises:
            DeviceLostError: The detector is broken; no record has an outcome.
        """
        results = [(polled, self._opening.open(polled)) for polled in batch.frames]
        opened = [result for _, result in results if isinstance(result, Opened)]
        ended: list[Ended] = [
            (polled, result) for polled, result in results if not isinstance(result, Opened)
        ]
        ended += [(polled, self._opening.expired(polled, reason)) for polled, reason in batch.expired]
        began_at = self._clock()
        found = self._retrying.detect([frame.image for frame in opened])
        finished_at = self._clock()
        for frame, detections in zip(opened, found, strict=True):
            passing("after-detect", frame.frame.camera)
            outcome = (
                self._opening.dead(
                    frame.polled, DeadReason.DETECTOR_FAILED, "detect", str(detections), attempts=TRIES
                )
                if isinstance(detections, DetectorError)
                else self._detected(frame, detections, (finished_at - began_at) / len(opened), finished_at)
            )
            ended.append((frame.polled, outcome))
        return ended

    def _detected(
        self, opened: Opened, detections: tuple[Detection, ...], detect_s: float, at: float
    ) -> Detected:
        frame = opened.frame
        timings_s = {
            "queue": opened.began_at - opened.polled.polled_at,
            "decode": opened.decoded_at - opened.began_at,
            "detect": detect_s,
        }
        return Detected(
            record=opened.polled.record,
            frame_id=frame.id,
            camera=frame.camera,
            source=frame.source,
            captured_at=frame.captured_at,
            width=opened.width,
            height=opened.height,
            model_name=self._model.name,
            model_digest=self._model.digest,
            detections=_in_full_size(detections, opened),
            timings_s={name: round(seconds, 6) for name, seconds in timings_s.items()},
            worker=self._worker,
            at=at,
            traceparent=frame.traceparent,
        )


def _in_full_size(detections: tuple[Detection, ...], opened: Opened) -> tuple[Detection, ...]:
    """Boxes in pixels of the image as it was sent, where a part of its size was detected."""
    height, width = opened.image.shape[:2]
    if (width, height) == (opened.width, opened.height):
        return detections
    across, down = opened.width / width, opened.height / height
    return tuple(
        Detection(found.label, found.class_id, found.score, (x1 * across, y1 * down, x2 * across, y2 * down))
        for found in detections
        for x1, y1, x2, y2 in [found.box]
    )
