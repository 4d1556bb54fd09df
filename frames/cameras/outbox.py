"""
What waits for the network: the newest frames, and never more than fits.

A publisher keeps what it has accepted, which would be the oldest frames when the network
is gone. So it is given only a window of frames at a time; the others wait here, where the
oldest makes room for the newest. The camera that holds the most gives way first, and cameras
take turns when the network is back, so that a busy one starves no other.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from frames.cameras.tally import Outcome, Tally
from frames.event import Frame
from frames.outcome import RecordId
from frames.publisher import Acceptance, OnAcknowledged, OnFailed, Publisher, PublisherSettings, new_frame
from frames.sources import Captured

WINDOW_BYTES = 4 * 1024 * 1024
"""Handed to the publisher and not acknowledged yet: enough for 40 MB/s."""
GATHER_S, REST_S = 0.1, 0.02
"""
Between two hand-overs at most, and for each frame of the first: those of a few cameras go at once, while
one by one those of many cost half as much CPU again.
"""


class Outbox:
    """
    Frames of many cameras on their way to one publisher. Any thread may put.

    Args:
        settings: `buffer_bytes` bounds all that waits or is under way.
        largest_bytes: Images above it are refused by the publisher.
        publishing: Makes the publisher, given how it buffers and who hears of each frame's end.
        tally: Of a camera by its name.
    """

    def __init__(
        self,
        settings: PublisherSettings,
        largest_bytes: int,
        publishing: Callable[[PublisherSettings, OnAcknowledged, OnFailed], Publisher],
        tally: Callable[[str], Tally],
    ) -> None:
        self._expiry_s = settings.expiry_s
        self._window_bytes = min(WINDOW_BYTES, settings.buffer_bytes // 4)
        self._waiting_bytes = settings.buffer_bytes - self._window_bytes
        self._tally = tally
        self._changed = threading.Condition()  # guards all below
        self._waiting: dict[str, deque[Captured]] = {}  # by camera, whose turn it is first
        self._bytes: dict[str, int] = {}  # of what waits, by camera
        self._under_way_bytes = 0
        self._closed = False
        self.why_failed: str | None = None
        """Of the last frame that failed; None: none did."""
        unrefused = settings.model_copy(update={"buffer_bytes": self._window_bytes + largest_bytes})
        self._publisher = publishing(unrefused, self._acknowledged, self._failed)
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    @property
    def held_bytes(self) -> int:
        """Of all that waits or is under way."""
        with self._changed:
            return sum(self._bytes.values()) + self._under_way_bytes

    def put(self, captured: Captured) -> None:
        """Take a frame; never blocks. The oldest of the camera that holds the most make room for it."""
        with self._changed:
            self._waiting.setdefault(captured.camera, deque()).append(captured)
            self._bytes[captured.camera] = self._bytes.get(captured.camera, 0) + len(captured.image)
            while self._closed or sum(self._bytes.values()) > self._waiting_bytes:
                self._drop_oldest()
                if not self._waiting:
                    break
            self._changed.notify_all()

    def close(self, timeout_s: float) -> None:
        """Wait up to *timeout_s* until all frames are acknowledged; the others are dropped or failed."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, timeout_s)
            self._closed = True
            while self._waiting:
                self._drop_oldest()
            self._changed.notify_all()
        self._thread.join()
        self._publisher.close(max(0.1, deadline - time.monotonic()))

    def _run(self) -> None:
        rests_until = 0.0
        while self._await_room():
            time.sleep(max(rests_until - time.monotonic(), 0.0))
            handed_over = 0
            while (captured := self._next()) is not None:
                handed_over += 1
                acceptance = self._publisher.send(new_frame(captured, self._expiry_s))
                if acceptance is not Acceptance.ACCEPTED:
                    self._end(captured.camera, len(captured.image), REFUSALS[acceptance])
            rests_until = time.monotonic() + min(handed_over * REST_S, GATHER_S)

    def _await_room(self) -> bool:
        """Wait for a frame that the window has room for; False: closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room())
            return not self._closed

    def _next(self) -> Captured | None:
        """The frame whose turn it is, if the window has room for it."""
        with self._changed:
            if not self._has_room():
                return None
            captured = self._take(next(iter(self._waiting)))
            self._under_way_bytes += len(captured.image)
            if not self._waiting:
                self._changed.notify_all()  # `close` may wait for that
            return captured

    def _has_room(self) -> bool:
        """Something waits, and fits into the window, or is alone in it however large."""
        if not self._waiting:
            return False
        first = next(iter(self._waiting.values()))[0]
        return not self._under_way_bytes or self._under_way_bytes + len(first.image) <= self._window_bytes

    def _take(self, camera: str) -> Captured:
        """Remove the oldest frame of *camera*, whose next turn comes after all others'."""
        frames = self._waiting.pop(camera)
        captured = frames.popleft()
        self._bytes[camera] -= len(captured.image)
        if frames:
            self._waiting[camera] = frames
        return captured

    def _drop_oldest(self) -> None:
        fullest = max(self._waiting, key=self._bytes.__getitem__)
        self._tally(self._take(fullest).camera).end(Outcome.DROPPED_OLDEST)

    def _acknowledged(self, frame: Frame, record: RecordId, appended_at: float) -> None:
        self._end(frame.camera, len(frame.image), Outcome.SENT)

    def _failed(self, frame: Frame, why: str) -> None:
        self.why_failed = why
        self._end(frame.camera, len(frame.image), Outcome.FAILED)

    def _end(self, camera: str, size: int, outcome: Outcome) -> None:
        self._tally(camera).end(outcome)
        with self._changed:
            self._under_way_bytes -= size
            if self._waiting:
                self._changed.notify_all()  # there may be room now


REFUSALS = {
    Acceptance.REFUSED: Outcome.DROPPED_OLDEST,
    Acceptance.TOO_LARGE: Outcome.TOO_LARGE,
    Acceptance.NOT_AN_IMAGE: Outcome.NOT_AN_IMAGE,
}
