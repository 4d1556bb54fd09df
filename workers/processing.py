"""
From a polled record to its outcome: check, decode, detect.

Whatever a record holds, it ends as exactly one of detected, expired or dead. Only a
broken detector raises: then nothing of the batch has an outcome, and all of it is read again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frames.event import Frame, InvalidEventError, decode_frame
from frames.image import ImageError, decode
from frames.outcome import Dead, DeadReason, Detected, Outcome, expired
from workers.detector import Detector, Image
from workers.inbox import Polled
from workers.model import Model


@dataclass(frozen=True, slots=True)
class _Ready:
    """A frame that can be detected."""

    polled: Polled
    frame: Frame
    image: Image
    started_at: float
    decoded_at: float


class Processing:
    """Turns batches into outcomes with one detector."""

    def __init__(
        self,
        detector: Detector,
        model: Model,
        worker: str,
        max_age_s: float | None,
        clock: Callable[[], float],
    ) -> None:
        self._detector = detector
        self._model = model
        self._worker = worker
        self._max_age_s = max_age_s
        self._clock = clock

    @property
    def model_digest(self) -> str:
        """sha256 of the model, hexadecimal."""
        return self._model.digest

    def outcomes(self, batch: Sequence[Polled]) -> list[tuple[Polled, Outcome]]:
        """
        Each record of *batch* with its outcome, in any order.

        Raises:
            DetectorError: The detector is broken; no record has an outcome.
        """
        opened = [(polled, self._open(polled)) for polled in batch]
        ready = [found for _, found in opened if isinstance(found, _Ready)]
        ended: list[tuple[Polled, Outcome]] = [
            (polled, found) for polled, found in opened if not isinstance(found, _Ready)
        ]
        started_at = self._clock()
        found = self._detector.detect([item.image for item in ready])
        finished_at = self._clock()
        for item, detections in zip(ready, found, strict=True):
            height, width = item.image.shape[:2]
            frame, record = item.frame, item.polled.record
            timings_s = {
                "queue": item.started_at - item.polled.polled_at,
                "decode": item.decoded_at - item.started_at,
                "detect": (finished_at - started_at) / len(ready),
            }
            detected = Detected(
                record=record,
                frame_id=frame.id,
                camera=frame.camera,
                source=frame.source,
                captured_at=frame.captured_at,
                width=width,
                height=height,
                model_name=self._model.name,
                model_digest=self._model.digest,
                detections=detections,
                timings_s={name: round(seconds, 6) for name, seconds in timings_s.items()},
                worker=self._worker,
                at=finished_at,
            )
            ended.append((item.polled, detected))
        return ended

    def _open(self, polled: Polled) -> _Ready | Outcome:
        """The record's frame, decoded; or the outcome it has already."""
        started_at = self._clock()
        try:
            frame = decode_frame(polled.message, polled.appended_at)
        except InvalidEventError as error:
            return self._dead(polled, DeadReason.NOT_AN_EVENT, "event", str(error))
        limit_s = self._limit_s(frame)
        if limit_s is not None and started_at - frame.captured_at > limit_s:
            return expired(polled.record, frame, limit_s, self._worker, started_at)
        try:
            image = decode(frame.image)
        except ImageError as error:
            return self._dead(polled, error.reason, "decode", error.detail)
        return _Ready(polled, frame, image, started_at, self._clock())

    def _limit_s(self, frame: Frame) -> float | None:
        """The age in seconds after which nobody wants this frame's result; None: never."""
        own = None if frame.expires_at is None else frame.expires_at - frame.captured_at
        return min((limit for limit in (own, self._max_age_s) if limit is not None), default=None)

    def _dead(self, polled: Polled, reason: DeadReason, stage: str, detail: str) -> Dead:
        now = self._clock()
        return Dead(polled.record, polled.message, reason, stage, detail, 1, now, now, self._worker)
