"""While the network is gone the newest frames are kept, fairly, and each frame is counted once."""

import threading
from collections import defaultdict
from typing import Any

from frames.cameras.outbox import Outbox
from frames.cameras.tally import Outcome, Tally
from frames.event import Frame
from frames.outcome import RecordId
from frames.publisher import Acceptance, PublisherSettings
from frames.sources import captured
from tests.waiting import until

SIZE = 1000
RECORD = RecordId("frames", 0, 0)


class FakePublisher:
    """Takes frames and acknowledges them only when the network is up."""

    def __init__(self, settings: PublisherSettings, on_acknowledged: Any, on_failed: Any) -> None:
        self.settings = settings
        self._on_acknowledged = on_acknowledged
        self._on_failed = on_failed
        self._lock = threading.Lock()
        self._pending: list[Frame] = []
        self.up = True
        self.acceptance = Acceptance.ACCEPTED
        self.sent: list[tuple[str, int]] = []

    def send(self, frame: Frame) -> Acceptance:
        if self.acceptance is Acceptance.ACCEPTED:
            with self._lock:
                self._pending.append(frame)
            self.settle()
        return self.acceptance

    def settle(self) -> None:
        while self.up:
            with self._lock:
                if not self._pending:
                    return
                frame = self._pending.pop(0)
            self.sent.append((frame.camera, int(frame.sequence or 0)))
            self._on_acknowledged(frame, RECORD, 0.0)

    def heal(self) -> None:
        self.up = True
        self.settle()

    def close(self, timeout_s: float) -> None:
        for frame in self._pending:
            self._on_failed(frame, "closed")


class Stage:
    """An outbox with room for *frames* frames."""

    def __init__(self, frames: int = 40) -> None:
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)
        settings = PublisherSettings(buffer_bytes=frames * SIZE)
        self.outbox = Outbox(settings, 10 * SIZE, self._publishing, self.tallies.__getitem__)
        self.put_so_far: defaultdict[str, int] = defaultdict(int)

    def _publishing(self, *arguments: Any) -> Any:
        self.publisher = FakePublisher(*arguments)
        return self.publisher

    def put(self, camera: str, frames: int, size: int = SIZE) -> None:
        for _ in range(frames):
            sequence = self.put_so_far[camera]
            self.put_so_far[camera] += 1
            self.tallies[camera].capture(sequence)
            self.outbox.put(captured(camera, bytes(size), float(sequence), sequence))

    def sent(self, camera: str) -> list[int]:
        return [sequence for name, sequence in self.publisher.sent if name == camera]

    def drained(self) -> None:
        until(lambda: self.outbox.held_bytes == 0, 10, 0.01)


def test_frames_go_out_in_their_order():
    stage = Stage()

    stage.put("door", 30)
    stage.drained()

    assert stage.sent("door") == list(range(30))
    assert stage.tallies["door"].ends[Outcome.SENT] == 30


def test_while_the_network_is_gone_the_newest_are_kept_and_the_oldest_counted():
    stage = Stage(frames=40)
    stage.publisher.up = False

    stage.put("door", 10)  # these fill the window, a quarter
    until(lambda: len(stage.publisher._pending) == 10, 10, 0.01)
    stage.put("door", 90)
    held = stage.outbox.held_bytes
    stage.publisher.heal()
    stage.drained()

    assert held == 40 * SIZE
    assert stage.sent("door") == [*range(10), *range(70, 100)]
    assert stage.tallies["door"].ends[Outcome.DROPPED_OLDEST] == 60
    assert stage.tallies["door"].under_way == 0


def test_a_busy_camera_gives_way_to_the_others():
    stage = Stage(frames=40)
    stage.publisher.up = False

    stage.put("till", 8)
    stage.put("door", 500)
    stage.publisher.heal()
    stage.drained()

    assert stage.sent("till") == list(range(8))
    assert stage.sent("door")[-1] == 499


def test_cameras_take_turns_when_the_network_is_back():
    stage = Stage(frames=80)
    stage.publisher.up = False
    stage.put("door", 20)
    until(lambda: len(stage.publisher._pending) == 20, 10, 0.01)

    stage.put("door", 20)
    stage.put("till", 20)
    stage.publisher.heal()
    stage.drained()

    waited = [camera for camera, _ in stage.publisher.sent[20:]]
    assert waited[:10].count("till") == 5


def test_a_frame_larger_than_the_window_goes_alone():
    stage = Stage(frames=40)  # of which a window of 10

    stage.put("door", 2, size=15 * SIZE)
    stage.drained()

    assert stage.sent("door") == [0, 1]


def test_what_the_publisher_refuses_is_counted():
    stage = Stage()
    stage.publisher.acceptance = Acceptance.TOO_LARGE

    stage.put("door", 3)
    stage.drained()

    assert stage.tallies["door"].ends[Outcome.TOO_LARGE] == 3


def test_at_the_end_what_could_not_be_sent_is_dropped_or_failed_and_nothing_is_unaccounted():
    stage = Stage(frames=40)
    stage.publisher.up = False
    stage.put("door", 30)

    stage.outbox.close(0.2)
    stage.put("door", 2)

    ends = stage.tallies["door"].ends
    assert (ends[Outcome.FAILED], ends[Outcome.DROPPED_OLDEST]) == (10, 22)
    assert stage.tallies["door"].under_way == 0
    assert stage.outbox.why_failed == "closed"
