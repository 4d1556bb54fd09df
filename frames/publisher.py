"""
Frames on their way into Kafka, without ever holding up the camera.

`offer` only puts a frame into a buffer that is bounded in bytes; a thread of the
publisher's own sends. What is accepted ends acknowledged or failed, and is counted
there: accepted = acknowledged + failed once closed.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, PositiveFloat, PositiveInt

from frames.claim_check import ClaimChecks, ClaimCheckSettings
from frames.clients import MAX_MESSAGE_BYTES, KafkaSettings, producer
from frames.event import Frame, encode_frame
from frames.image import ImageError, read_header
from frames.outcome import RecordId
from frames.sources.source import Captured
from frames.topics import TopicSettings

if TYPE_CHECKING:
    from kafka import KafkaProducer

    from frames.tracing import Tracing

log = logging.getLogger(__name__)

MAX_IMAGE_BYTES = MAX_MESSAGE_BYTES - 64 * 1024
"""What is left for an image in the largest record, beside its attributes."""
LINGER_MS = 2
"""How long a frame waits for others to be sent with it."""
NO_CLAIM_CHECKS = ClaimCheckSettings()


class PublisherSettings(BaseModel, frozen=True, extra="forbid"):
    """How a publisher buffers: the `publisher` section of the settings."""

    buffer_bytes: PositiveInt = 64 * 1024 * 1024
    """Images accepted and not yet acknowledged; a camera of 0.5 MB/s bridges two minutes."""
    expiry_s: PositiveFloat | None = None
    """Seconds from capture after which nobody wants a frame's result; None: never."""


class Acceptance(StrEnum):
    """What became of a frame that was offered; only ACCEPTED ones are sent."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The buffer is full, or the publisher closed; try a later frame."""
    TOO_LARGE = "too_large"
    """Its bytes do not fit into a record, and claim checks are off or too small for it as well."""
    NOT_AN_IMAGE = "not_an_image"
    """A worker would only dead-letter it."""


@dataclass(frozen=True, slots=True)
class PublisherCounts:
    """Frames by what became of them; accepted - acknowledged - failed are on their way."""

    accepted: int = 0
    acknowledged: int = 0
    failed: int = 0
    """Accepted, and then not confirmed by Kafka in time; a few may have arrived all the same."""
    refused: int = 0
    too_large: int = 0
    not_an_image: int = 0


OnAcknowledged = Callable[[Frame, RecordId, float], None]
"""The frame, the record it became, and the instant it was appended, seconds since the epoch."""
OnFailed = Callable[[Frame, str], None]
"""The frame, and why it could not be sent."""


class Publisher:
    """
    Sends frames to the frames topic. Any number of threads may offer.

    A camera's publisher refuses what a worker would dead-letter (`frames.image.read_header`
    tells), so that no broken camera floods the dead letters. With `check_images=False`
    anything is sent: `detectscale publish --as-is` shows with it what happens to hostile bytes.

    An image too large for a record is written to the first of `claim_checks.roots`, and its record
    names it there; without roots it is refused.

    Args:
        on_acknowledged, on_failed: One of them is called once for each accepted frame, mostly on
            the Kafka client's thread: be quick, raise nothing, offer nothing.
        tracing: Makes a span of each frame, and is closed with the publisher; None: none.
        connect: Makes the Kafka producer.

    Raises:
        UnavailableError: No broker answers.
        ConfigError: The client of a storage in `claim_checks.roots` is not installed.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: TopicSettings,
        settings: PublisherSettings,
        *,
        claim_checks: ClaimCheckSettings = NO_CLAIM_CHECKS,
        check_images: bool = True,
        on_acknowledged: OnAcknowledged = lambda frame, record, appended_at: None,
        on_failed: OnFailed = lambda frame, why: None,
        tracing: "Tracing | None" = None,
        connect: Callable[..., "KafkaProducer"] = producer,
    ) -> None:
        self._claim_checks = ClaimChecks(claim_checks)
        self._largest_bytes = largest_image_bytes(claim_checks)
        self._producer = connect(kafka, linger_ms=LINGER_MS, batch_size=1024 * 1024)
        self._topic = topics.frames
        self._settings = settings
        self._check_images = check_images
        self._on_acknowledged = on_acknowledged
        self._on_failed = on_failed
        self._tracing = tracing
        self._waiting: SimpleQueue[int | None] = SimpleQueue()
        self._changed = threading.Condition()  # guards all below
        self._under_way: dict[int, Frame] = {}  # by order of acceptance, until acknowledged or failed
        self._bytes = 0
        self._counts = PublisherCounts()
        self._closed = False
        threading.Thread(target=self._run, name="publisher", daemon=True).start()

    @property
    def counts(self) -> PublisherCounts:
        """What became of the frames so far."""
        return self._counts

    def offer(self, captured: Captured) -> str | None:
        """Give a picture to send; never blocks. Returns its frame's id, None when it is not accepted."""
        frame = new_frame(captured, self._settings.expiry_s)
        return frame.id if self.send(frame) is Acceptance.ACCEPTED else None

    def send(self, frame: Frame) -> Acceptance:
        """Give a frame to send, under the id it has already; never blocks."""
        if self._tracing is not None:
            frame = self._tracing.published(frame, time.time())
        acceptance = self._judge(frame.image)
        with self._changed:
            if self._closed or self._bytes + len(frame.image) > self._settings.buffer_bytes:
                acceptance = Acceptance.REFUSED
            if acceptance is Acceptance.ACCEPTED:
                number = self._counts.accepted
                self._under_way[number] = frame
                self._bytes += len(frame.image)
                self._waiting.put(number)
            self._count(acceptance.value)
        return acceptance

    def close(self, timeout_s: float) -> PublisherCounts:
        """
        Wait up to *timeout_s* until what was accepted is acknowledged; accept nothing from now on.

        Returns:
            The final counts: what was not acknowledged in time is among the failed.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._closed = True
            self._waiting.put(None)
            self._changed.wait_for(lambda: not self._under_way, timeout_s)
            unsent = list(self._under_way)
        for number in unsent:
            self._failed(number, TimeoutError(f"not acknowledged within {timeout_s:g} s"))
        # `KafkaProducer.close(timeout)` raises and leaves its thread running when it is in time trouble.
        closing = threading.Thread(target=self._producer.close, name="publisher-close", daemon=True)
        closing.start()
        closing.join(max(0.1, deadline - time.monotonic()))
        if self._tracing is not None:
            self._tracing.close(timeout_s=1.0)
        if self._counts.failed:
            log.warning(
                "publisher: %d of %d frames could not be sent", self._counts.failed, self._counts.accepted
            )
        return self._counts

    def _judge(self, image: bytes) -> Acceptance:
        if len(image) > self._largest_bytes:
            return Acceptance.TOO_LARGE
        if self._check_images:
            try:
                read_header(image)
            except ImageError:
                return Acceptance.NOT_AN_IMAGE
        return Acceptance.ACCEPTED

    def _run(self) -> None:
        """Hand over to Kafka's client, which may block while it looks for the topic, as may a storage."""
        for number in iter(self._waiting.get, None):
            frame = self._under_way.get(number)
            if frame is None:  # given up by `close`
                continue
            try:
                message = encode_frame(self._checked_in(frame))
                future = self._producer.send(self._topic, message.value, message.key, list(message.headers))
            except Exception as error:
                self._failed(number, error)
            else:
                future.add_callback(partial(self._acknowledged, number))
                future.add_errback(partial(self._failed, number))

    def _checked_in(self, frame: Frame) -> Frame:
        """*frame* as it travels: with its image, or with the place where that lies now."""
        if len(frame.image) <= MAX_IMAGE_BYTES:
            return frame
        return replace(frame, image=b"", dataref=self._claim_checks.put(frame.image, time.time()))

    def _acknowledged(self, number: int, appended: Any) -> None:
        frame = self._settle(number, "acknowledged")
        if frame is not None:
            record = RecordId(appended.topic, appended.partition, appended.offset)
            self._on_acknowledged(frame, record, appended.timestamp / 1000)

    def _failed(self, number: int, error: BaseException) -> None:
        frame = self._settle(number, "failed")
        if frame is not None:
            self._on_failed(frame, f"{type(error).__name__}: {error}")

    def _settle(self, number: int, end: str) -> Frame | None:
        """Count the end of an accepted frame, once; None when it has been settled before."""
        with self._changed:
            frame = self._under_way.pop(number, None)
            if frame is not None:
                self._bytes -= len(frame.image)
                self._count(end)
                self._changed.notify_all()
        return frame

    def _count(self, name: str) -> None:
        self._counts = replace(self._counts, **{name: getattr(self._counts, name) + 1})


def largest_image_bytes(claim_checks: ClaimCheckSettings) -> int:
    """The largest image that a publisher accepts, in bytes."""
    return max(MAX_IMAGE_BYTES, claim_checks.max_bytes) if claim_checks.roots else MAX_IMAGE_BYTES


def new_frame(captured: Captured, expiry_s: float | None) -> Frame:
    """*captured* as a frame event, under an id that is unique and cannot be guessed (122 random bits)."""
    captured_at = round(captured.captured_at, 6)  # as precise as it travels
    return Frame(
        id=str(uuid.uuid4()),
        camera=captured.camera,
        source=captured.source,
        captured_at=captured_at,
        content_type=captured.content_type,
        image=captured.image,
        sequence=f"{captured.sequence:012d}",
        expires_at=None if expiry_s is None else round(captured_at + expiry_s, 6),
    )
