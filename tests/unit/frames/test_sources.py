"""Every source yields the frames of its kind at their rate, and a bad word is told in one line."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from frames.errors import ConfigError
from frames.image import decode, read_header
from frames.sources import open_source
from frames.sources.develop import as_jpeg
from frames.sources.stream import Stream, redacted

URL = "rtsp://admin:hunter2@10.0.0.5:554/live?token=hunter2"


class StepClock:
    """A clock that only moves when somebody waits; it says stop after *until* seconds."""

    def __init__(self, until: float = float("inf")) -> None:
        self.at = 0.0
        self.until = until

    def now(self) -> float:
        return 1_800_000_000.0 + self.at

    def elapsed(self) -> float:
        return self.at

    def wait(self, seconds: float) -> bool:
        self.at += max(0.0, seconds)
        return self.at > self.until


def picture(shade: int) -> np.ndarray:
    return np.full((48, 64, 3), shade, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, shade in {"b.png": 20, "a.jpg": 10, "c.bmp": 30}.items():
        cv2.imwrite(str(tmp_path / name), picture(shade))
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """20 frames at 10 frames per second; frame n has shade 10 n."""
    path = tmp_path / "door.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for n in range(20):
        writer.write(picture(10 * n))
    writer.release()
    return path


def shades(frames: list) -> list[int]:
    return [round(decode(frame.image).mean() / 10) * 10 for frame in frames]


def test_a_folder_sends_its_images_in_order_and_says_what_it_leaves_out(folder, caplog):
    frames = list(open_source(str(folder)).frames(StepClock()))

    assert shades(frames) == [10, 20, 30]
    assert [frame.content_type for frame in frames] == ["image/jpeg", "image/png", "image/jpeg"]
    assert frames[0].image == (folder / "a.jpg").read_bytes()
    assert "notes.txt: not an image" in caplog.text


def test_files_can_be_sent_as_they_are(folder):
    frames = list(open_source(str(folder), as_is=True).frames(StepClock()))

    assert frames[-1].image == b"not an image"
    assert frames[-1].content_type == "application/octet-stream"


def test_a_folder_without_images_is_told(tmp_path):
    (tmp_path / "notes.txt").touch()

    with pytest.raises(ConfigError, match="none of its 1 files is an image"):
        list(open_source(str(tmp_path), loop=True).frames(StepClock()))


def test_a_loop_goes_on_until_the_limit(folder):
    frames = list(open_source(str(folder), loop=True, limit=7).frames(StepClock()))

    assert [frame.sequence for frame in frames] == list(range(7))
    assert shades(frames) == [10, 20, 30, 10, 20, 30, 10]


def test_one_image_is_a_source(folder):
    frames = list(open_source(str(folder / "a.jpg"), camera="door").frames(StepClock()))

    assert [(frame.camera, frame.source) for frame in frames] == [("door", "/cameras/door")]


def test_frames_are_captured_at_their_rate(folder):
    frames = list(open_source(str(folder), fps=4, loop=True, limit=5).frames(StepClock()))

    assert [frame.captured_at - 1_800_000_000 for frame in frames] == [0, 0.25, 0.5, 0.75, 1]


def test_a_late_frame_moves_none_of_those_after_it(folder):
    clock = StepClock()
    frames = open_source(str(folder), fps=4, loop=True, limit=5).frames(clock)

    next(frames)
    clock.at = 0.6

    assert [frame.captured_at - 1_800_000_000 for frame in frames] == pytest.approx([0.6, 0.6, 0.75, 1])


def test_a_source_ends_when_the_clock_says_stop(folder):
    frames = list(open_source(str(folder), fps=10, loop=True).frames(StepClock(until=0.35)))

    assert len(frames) == 4


def test_the_store_repeats_itself_for_the_same_seed():
    images = [[f.image for f in open_source("store:3", limit=2).frames(StepClock())] for _ in range(2)]

    assert images[0] == images[1]
    assert read_header(images[0][0]).content_type == "image/jpeg"


def test_a_video_is_replayed_at_its_own_rate(video):
    frames = list(open_source(str(video)).frames(StepClock()))

    assert shades(frames) == [10 * n for n in range(20)]
    assert frames[-1].captured_at - frames[0].captured_at == pytest.approx(1.9)
    assert frames[0].camera == "door"


@pytest.mark.parametrize(
    ("fps", "sent"),
    [(5.0, [0, 20, 40, 60]), (4.0, [0, 30, 50, 80]), (99.0, [0, 10, 20, 30])],
    ids=["half", "two fifths", "no more than it has"],
)
def test_a_video_sampled_at_another_rate_keeps_its_speed(video, fps, sent):
    frames = list(open_source(str(video), fps=fps, limit=4).frames(StepClock()))

    assert shades(frames) == sent


def test_a_quality_is_obeyed(video):
    sizes = [
        sum(
            len(frame.image)
            for frame in open_source("store:1", develop=as_jpeg(quality), limit=2).frames(StepClock())
        )
        for quality in (30, 90)
    ]

    assert sizes[0] < sizes[1] / 2


class FakeCapture:
    """A camera that sends *frames* pictures, one each 0.04 s, and then falls silent."""

    def __init__(self, clock: StepClock, frames: int) -> None:
        self.clock = clock
        self.left = frames
        self.retrieved = 0
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802
        return self.left > 0

    def grab(self) -> bool:
        self.clock.at += 0.04
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        self.retrieved += 1
        return True, picture(50)

    def release(self) -> None:
        self.released = True


def stream(
    captures: Iterator[FakeCapture],
    fps: float | None = None,
    limit: int | None = None,
    on_gap: Callable[[float], None] = lambda seconds: None,
) -> Stream:
    connect = partial(lambda url: next(captures), URL)
    return Stream("door", redacted(URL), connect, fps, limit, as_jpeg(), random.Random(7), on_gap)


def test_a_stream_that_breaks_is_opened_again_and_numbers_on(caplog):
    clock = StepClock()
    captures = [FakeCapture(clock, frames) for frames in (3, 0, 0, 3)]
    gaps: list[float] = []

    with caplog.at_level("INFO"):
        frames = list(stream(iter(captures), limit=5, on_gap=gaps.append).frames(clock))

    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert all(capture.released for capture in captures[:3])
    assert 0.6 < frames[3].captured_at - frames[2].captured_at < 1.5  # three delays: ¼, ½, ½ s, jittered
    assert gaps == pytest.approx([frames[3].captured_at - frames[2].captured_at])
    assert f"rtsp://10.0.0.5:554/live is back after {gaps[0]:.1f} s" in caplog.text


def test_a_stream_that_is_away_for_long_is_still_tried_every_half_second():
    clock = StepClock(until=600)
    tried: list[float] = []

    def connect() -> FakeCapture:
        tried.append(clock.at)
        return FakeCapture(clock, 0)

    list(stream(connect() for _ in iter(int, 1)).frames(clock))

    assert max(after - before for before, after in pairwise(tried)) <= 0.5


def test_a_picture_that_is_not_wanted_is_no_frame_and_takes_no_number(folder):
    wanted = iter([True, False, True])

    def develop(picture: object, at: float) -> bytes | None:
        return b"image" if next(wanted) else None

    frames = list(open_source(str(folder), fps=4, develop=develop).frames(StepClock()))

    assert [(frame.sequence, frame.captured_at - 1_800_000_000) for frame in frames] == [(0, 0), (1, 0.5)]


def test_a_camera_of_this_machine_that_is_not_there_is_waited_for(caplog):
    clock = StepClock(until=3)

    assert list(open_source("/dev/video99").frames(clock)) == []
    assert "camera video99: /dev/video99 does not answer" in caplog.text


def test_a_stream_drops_what_comes_faster_than_asked():
    clock = StepClock()
    capture = FakeCapture(clock, 50)

    frames = list(islice(stream(iter([capture]), fps=10).frames(clock), 20))

    assert capture.retrieved == 20
    assert frames[-1].captured_at - frames[0].captured_at == pytest.approx(1.9, abs=0.05)


def test_a_stream_that_never_answers_ends_when_told(caplog):
    clock = StepClock(until=60)

    frames = list(stream(FakeCapture(clock, 0) for _ in iter(int, 1)).frames(clock))

    assert frames == []
    assert len(caplog.records) == 1


def test_a_password_is_in_no_log_and_no_event(caplog):
    clock = StepClock()
    source = stream(iter([FakeCapture(clock, 1), FakeCapture(clock, 1)]))

    frames = list(islice(source.frames(clock), 2))

    assert "rtsp://10.0.0.5:554/live does not answer" in caplog.text
    assert "hunter2" not in caplog.text + repr(frames) + repr(source)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("store:seven", "store:seven: the seed of a store must be a whole number"),
        ("no/such/place", "no/such/place: no such file or folder"),
        ("ftp://camera/live", "ftp://…: must begin with one of rtsp"),
        ("rtsp:///live", "rtsp://…: must begin with"),
        ("rtsp://admin:hunter2[@camera", "rtsp://…: the address is malformed"),
        ("rtsp://admin:hunter/2@camera/live", "rtsp://…: write @"),
    ],
    ids=["seed", "path", "scheme", "host", "malformed", "slash in the password"],
)
def test_a_bad_word_is_told_in_one_line(spec, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")) as told:
        open_source(spec)

    assert "\n" not in str(told.value)
    assert "hunter" not in str(told.value)


def test_a_file_that_is_neither_image_nor_video_is_told(tmp_path):
    (tmp_path / "notes.bin").write_bytes(bytes(range(256)) * 8)

    with pytest.raises(ConfigError, match="neither an image nor a video"):
        open_source(str(tmp_path / "notes.bin"))


@pytest.mark.parametrize("fps", [0, -1, float("nan"), 1e9], ids=str)
def test_a_rate_without_meaning_is_told(fps):
    with pytest.raises(ConfigError, match="--fps"):
        open_source("store", fps=fps)
