"""
From a polled record to pixels: where is the image? does it decode?

Whatever a record holds, it becomes an opened frame or its outcome.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from frames.backoff import delay_s
from frames.claim_check import ClaimCheckError, ClaimChecks, StorageError
from frames.event import Frame
from frames.image import ImageError, decode, read_header
from frames.outcome import Dead, DeadReason, ExpiredReason, Outcome, expired
from workers.detector import Image
from workers.failpoints import passing
from workers.freshness import Freshness
from workers.inbox import Polled

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A frame that can be detected."""

    polled: Polled
    frame: Frame
    image: Image
    width: int
    """Of the image as it was sent, in pixels; `image` may be a half, a quarter or an eighth of it."""
    height: int
    began_at: float
    decoded_at: float


class Opening:
    """Opens records, for any number of threads."""

    def __init__(
        self,
        freshness: Freshness,
        input_size: tuple[int, int],
        claim_checks: ClaimChecks,
        worker: str,
        clock: Callable[[], float],
        patient: Callable[[float], bool],
    ) -> None:
        """
        Make ready to open records.

        Args:
            input_size: Width and height of the model's input.
            patient: Waits so many seconds for a storage that does not work; False: the worker leaves.
        """
        self._freshness = freshness
        self._input_size = input_size
        self._claim_checks = claim_checks
        self._worker = worker
        self._clock = clock
        self._patient = patient
        self._random = random.Random(worker)  # noqa: S311  # spreads waits, not secret

    def open(self, polled: Polled) -> Opened | Outcome | None:
        """
        The record's frame, decoded; or the outcome it has already.

        None: it has none. A storage does not work, and meanwhile the partition was given to
        somebody else, or this worker leaves.
        """
        frame = polled.frame
        if not isinstance(frame, Frame):
            return self.dead(polled, DeadReason.NOT_AN_EVENT, "event", str(frame))
        began_at = self._clock()
        passing("before-decode", frame.camera)
        try:
            content = self._fetched(polled, frame)
            if content is None:
                return None
            header = read_header(content)
            image = decode(content, self._input_size, header)
        except ClaimCheckError as error:
            return self.dead(polled, error.reason, "fetch", error.detail)
        except ImageError as error:
            return self.dead(polled, error.reason, "decode", error.detail)
        return Opened(polled, frame, image, header.width, header.height, began_at, self._clock())

    def _fetched(self, polled: Polled, frame: Frame) -> bytes | None:
        """The image's bytes, which may lie in a storage: one that is away is waited for."""
        attempt = 0
        while frame.image or frame.dataref is None or self._patient(0.0):  # to wait for a storage is no hang
            try:
                return self._claim_checks.open(frame)
            except StorageError as error:
                log.warning("%s; waiting for it", error)
            if polled.claim.lost or not self._patient(delay_s(attempt, self._random)):
                return None
            attempt += 1
        return None

    def expired(self, polled: Polled, reason: ExpiredReason) -> Outcome:
        """The outcome of a frame that is dropped unseen."""
        if not isinstance(polled.frame, Frame):
            raise TypeError("only a frame expires")
        limit_s = self._freshness.limit_s(polled.frame) if reason is ExpiredReason.TOO_OLD else None
        return expired(polled.record, polled.frame, reason, limit_s, self._worker, self._clock())

    def dead(self, polled: Polled, reason: DeadReason, stage: str, detail: str, attempts: int = 1) -> Dead:
        """The outcome of a record that cannot be processed."""
        now = self._clock()
        return Dead(polled.record, polled.message, reason, stage, detail, attempts, now, now, self._worker)
