"""
What was polled and has no outcome yet, between the poll thread and the detecting ones.

The poll thread must never block, or the worker would be expelled from its group; so `put`
never does, and `crowded` tells it whose partitions to pause. A record's bytes count until
its outcome is acknowledged, since the producer holds on to them until then.

Cameras are served in turn: one that floods waits for itself, not the others for it. A camera
of which nothing waited gets its first turn before those that had theirs (the new flows of
FQ-CoDel, RFC 8290), but not all turns: strangers may call themselves anything. The same holds
for the space: a partition may fill as much as is still free (the dynamic
threshold of Choudhury and Hahne, 1998, alpha = 1), so that one alone takes half of it.

What is too old when its camera's turn comes takes no turn: else a camera that was once behind would
spend its turns on what nobody wants, and stay behind, while the others stay ahead.
"""

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from frames.event import Frame, InvalidEventError, Message
from frames.outcome import ExpiredReason, RecordId
from workers.claim import Claim
from workers.freshness import Freshness


@dataclass(frozen=True, slots=True, eq=False)
class Polled:
    """One record of `frames` as it was read."""

    record: RecordId
    message: Message
    frame: Frame | InvalidEventError
    """The event in it, or why there is none."""
    appended_at: float
    """The record's timestamp, seconds since the epoch."""
    polled_at: float
    """Instant it was read, seconds since the epoch."""
    claim: Claim
    """The assignment under which it was read."""

    @property
    def camera(self) -> str:
        """Whose turn it is when it is this record's; empty for what is no frame event."""
        return self.frame.camera if isinstance(self.frame, Frame) else ""

    @property
    def size(self) -> int:
        """Bytes it keeps in memory, nearly."""
        message = self.message
        headers = sum(len(name) + len(value) for name, value in message.headers)
        return len(message.value) + len(message.key or b"") + headers + OVERHEAD_BYTES


OVERHEAD_BYTES = 1024
"""What a record without any content takes: a flood of empty ones is bounded too."""
NEW_IN_A_ROW = 8
"""Turns of cameras that were not there before, until one that was has its own."""
PLENTY = 10
"""Records: the fewest of which a tenth is one."""
REMEMBERED_CAMERAS = 10_000
"""Cameras of which the newest instant of capture is known; strangers may send any number."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a detecting thread takes at once."""

    frames: list[Polled]
    expired: list[tuple[Polled, ExpiredReason]]
    """Dropped unseen, and why."""


Turns = OrderedDict[str, deque[Polled]]
"""What waits by camera, in the order of their turns."""


class Inbox:
    """Polled records, between threads."""

    def __init__(self, max_bytes: int, freshness: Freshness, clock: Callable[[], float] = time.time) -> None:
        self._max_bytes = max_bytes
        self._freshness = freshness
        self._clock = clock
        self._new: Turns = OrderedDict()
        self._old: Turns = OrderedDict()  # had a turn; one of which nothing waits stays until its next one
        self._new_in_a_row = 0
        self._superseded: list[Polled] = []
        self._newest: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._under_way: dict[str, Polled] = {}  # of cameras of which only the newest counts
        self._bytes: Counter[Claim] = Counter()
        self._total_bytes = 0
        self._waiting = 0
        self._rests_until = 0
        self._closed = False
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._taken = threading.Condition(lock)  # who rests waits for this alone

    @property
    def bytes(self) -> int:
        """Bytes of all that has no outcome yet."""
        return self._total_bytes

    @property
    def plenty(self) -> bool:
        """So much waits that nobody needs to hurry for more."""
        return self._waiting >= PLENTY

    def rest(self, timeout_s: float) -> None:
        """Return once a tenth of what waits has been taken, or after *timeout_s*; at once if little waits."""
        with self._taken:
            self._rests_until = self._waiting - self._waiting // PLENTY
            self._taken.wait_for(lambda: self._waiting <= self._rests_until or self._closed, timeout_s)

    def crowded(self, claim: Claim) -> bool:
        """As many bytes of *claim* have no outcome yet as are allowed: poll no more of it for now."""
        return self._bytes[claim] >= self._max_bytes - self._total_bytes

    def put(self, polled: Polled) -> None:
        """Add a record; never blocks and never refuses."""
        with self._changed:
            self._count(polled, polled.size)
            self._waiting += 1
            frame = polled.frame
            if isinstance(frame, Frame) and self._freshness.rule(frame.source).newest:
                self._put_newest(polled, frame)
            else:
                self._queue(polled.camera).append(polled)
            self._changed.notify_all()

    def keep(self, polled: Polled) -> None:
        """Count a record that has its outcome already, until that is acknowledged."""
        with self._changed:
            self._count(polled, polled.size)

    def take(self, most: int, patience_s: Callable[[Polled], float]) -> Batch:
        """
        The next records, at most *most*, of the cameras in turn; waits for the first.

        Args:
            patience_s: For how many seconds from now a batch may wait for more, by its oldest record.

        Returns:
            Nothing in it only once the inbox is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._next() is not None or self._superseded or self._closed)
            batch = Batch([], [])
            self._fill(batch, most)
            while batch.frames and len(batch.frames) < most and not self._closed:
                oldest = min(batch.frames, key=lambda polled: polled.appended_at)
                if (left_s := patience_s(oldest)) <= 0:
                    break
                self._changed.wait(left_s)
                self._fill(batch, most)
            batch.expired.extend((polled, ExpiredReason.SUPERSEDED) for polled in self._superseded)
            self._superseded.clear()
            self._no_longer_wait(len(batch.frames) + len(batch.expired))
            return batch

    def release(self, polled: Polled) -> None:
        """A record that was taken needs its memory no longer."""
        with self._changed:
            self._count(polled, -polled.size)
            if self._under_way.get(polled.camera) is polled:
                del self._under_way[polled.camera]
                self._changed.notify_all()

    def withdraw(self, claims: Collection[Claim]) -> list[Polled]:
        """Remove and return the waiting records of *claims*."""
        with self._changed:
            removed: list[Polled] = []
            for queue in (*self._new.values(), *self._old.values(), self._superseded):
                removed += [polled for polled in queue if polled.claim in claims]
                kept = [polled for polled in queue if polled.claim not in claims]
                queue.clear()
                queue.extend(kept)
            for polled in removed:
                self._count(polled, -polled.size)
            self._no_longer_wait(len(removed))
            return removed

    def close(self) -> None:
        """Nothing more will come: what waits is still taken, then batches are empty."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._taken.notify_all()

    def _put_newest(self, polled: Polled, frame: Frame) -> None:
        """One frame of its camera waits at most, and it is never older than one that waited before."""
        camera = frame.source, frame.camera
        captured_at = min(frame.captured_at, polled.appended_at)  # a camera's clock may be ahead, once
        newest = self._newest.pop(camera, captured_at)
        self._newest[camera] = max(newest, captured_at)
        if len(self._newest) > REMEMBERED_CAMERAS:
            self._newest.popitem(last=False)
        if captured_at < newest:
            self._superseded.append(polled)
            return
        queue = self._queue(frame.camera)
        older = [
            waiting
            for waiting in queue
            if isinstance(waiting.frame, Frame) and waiting.frame.source == frame.source
        ]
        for superseded in older:
            queue.remove(superseded)
        self._superseded += older
        queue.append(polled)

    def _queue(self, camera: str) -> deque[Polled]:
        """Where records of *camera* wait."""
        if camera in self._old:
            return self._old[camera]
        return self._new.setdefault(camera, deque())

    def _next(self) -> str | None:
        """The camera whose turn it is."""
        turns = [self._first(self._new), self._first(self._old)]
        if self._new_in_a_row >= NEW_IN_A_ROW:
            turns.reverse()
        return next((camera for camera in turns if camera is not None), None)

    def _first(self, turns: Turns) -> str | None:
        """The first camera of which a record may be taken; forgets those before it of which none waits."""
        idle, found = [], None
        for camera, queue in turns.items():
            if not queue:
                idle.append(camera)
            elif camera not in self._under_way:
                found = camera
                break
        for camera in idle:
            del turns[camera]
        return found

    def _fill(self, batch: Batch, most: int) -> None:
        while len(batch.frames) < most and (camera := self._next()) is not None:
            queue = self._queue(camera)
            while queue and self._too_old(queue[0]):
                batch.expired.append((queue.popleft(), ExpiredReason.TOO_OLD))
            if not queue:
                continue
            self._had_its_turn(camera)
            polled = queue.popleft()
            batch.frames.append(polled)
            if isinstance(polled.frame, Frame) and self._freshness.rule(polled.frame.source).newest:
                self._under_way[camera] = polled

    def _had_its_turn(self, camera: str) -> None:
        self._new_in_a_row = self._new_in_a_row + 1 if camera in self._new else 0
        turns = self._new if camera in self._new else self._old
        self._old[camera] = turns.pop(camera)

    def _too_old(self, polled: Polled) -> bool:
        if not isinstance(polled.frame, Frame):
            return False
        limit_s = self._freshness.limit_s(polled.frame)
        return limit_s is not None and self._clock() - polled.frame.captured_at > limit_s

    def _no_longer_wait(self, records: int) -> None:
        self._waiting -= records
        if self._waiting <= self._rests_until:
            self._taken.notify_all()

    def _count(self, polled: Polled, size: int) -> None:
        self._bytes[polled.claim] += size
        self._total_bytes += size
        if not self._bytes[polled.claim]:
            del self._bytes[polled.claim]
