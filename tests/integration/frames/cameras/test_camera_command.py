"""`detectscale camera --cameras` as a process: its file changes, it tells figures, it is told to stop."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

from detectscale.embedded.ports import free_port
from detectscale.settings import Settings
from frames.clients import KafkaSettings, reader
from frames.event import Message, decode_frame
from frames.image import read_header
from frames.records import partitions_of, read_until
from frames.topics import TopicSettings
from tests.integration.faults.command_process import CommandProcess
from tests.waiting import until

Start = Callable[..., CommandProcess]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((480, 640, 3), 120, np.uint8))
    return path


@pytest.fixture
def start(kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path) -> Iterator[Start]:
    started: list[CommandProcess] = []

    def run(*arguments: str, **environment: str) -> CommandProcess:
        settings = Settings(kafka=kafka, topics=topics)
        started.append(CommandProcess("camera", ["camera", *arguments], settings, tmp_path, environment))
        return started[-1]

    yield run
    for process in started:
        process.end()
        print(process.said)


def replace(file: Path, text: str) -> None:
    """As editors and Kubernetes do it: never half."""
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    os.replace(draft, file)


def cameras_in(kafka: KafkaSettings, topics: TopicSettings) -> dict[str, list[bytes]]:
    """The images in the topic, by camera."""
    consumer = reader(kafka)
    consumer.assign(partitions_of(consumer, [topics.frames]))
    ends = consumer.end_offsets(consumer.assignment())
    consumer.seek_to_beginning()
    found: dict[str, list[bytes]] = {}
    for record in read_until(consumer, ends):
        frame = decode_frame(Message.of(record), 0.0)
        found.setdefault(frame.camera, []).append(frame.image)
    consumer.close()
    return found


def page(port: int, name: str) -> str:
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/{name}", timeout=5) as answer:
        return str(answer.read().decode())
    return ""


def test_cameras_come_and_go_with_the_file_and_a_broken_file_changes_nothing(
    start, kafka, topics, image, tmp_path
):
    file = tmp_path / "cameras.yaml"
    door = f"door: {{source: {image}, fps: 10, loop: true, width: 64}}\n"
    till = f"till: {{source: {image}, fps: 10, loop: true, motion: {{keep_alive_s: 1}}}}\n"
    replace(file, door)
    process = start("--cameras", str(file))
    until(lambda: "door" in cameras_in(kafka, topics), 30)

    replace(file, door + till)
    until(lambda: "till" in cameras_in(kafka, topics), 10)
    replace(file, door + till + "aisle: {source: no/such.avi}\n")
    until(lambda: "aisle" in process.said, 10)
    replace(file, till)
    until(lambda: process.said.count("read again") == 2, 10)
    door_frames = len(cameras_in(kafka, topics)["door"])
    till_frames = len(cameras_in(kafka, topics)["till"])
    until(lambda: len(cameras_in(kafka, topics)["till"]) > till_frames + 1, 10)
    told_at = time.monotonic()
    process.signal(signal.SIGTERM)
    status = process.ended(20)

    frames = cameras_in(kafka, topics)
    assert status == 0
    assert time.monotonic() - told_at < 5.0
    assert process.said.count("aisle.source: no/such.avi: no such file") == 1
    assert len(frames["door"]) - door_frames <= 1
    assert {read_header(each).width for each in frames["door"]} == {64}
    assert f"camera door: {len(frames['door'])} sent" in process.said
    assert f"camera till: {len(frames['till'])} sent" in process.said


def test_a_camera_process_tells_prometheus_and_kubelet_how_it_does(start, image, tmp_path):
    file = tmp_path / "cameras.yaml"
    file.write_text(f"door: {{source: {image}, fps: 20, loop: true, motion: {{}}}}\n")
    port = free_port()
    process = start("--cameras", str(file), "--http-port", str(port))

    until(lambda: page(port, "readyz") == "ok\n", 30)
    until(lambda: 'camera="door",outcome="still"} 0.0' not in page(port, "metrics") != "", 10)
    shown = page(port, "metrics")
    process.signal(signal.SIGINT)

    assert page(port, "healthz") in ("ok\n", "")
    for name in (
        'detectscale_camera_captured_total{camera="door"}',
        'detectscale_camera_frames_total{camera="door",outcome="sent"}',
        'detectscale_camera_frames_total{camera="door",outcome="dropped_oldest"} 0.0',
        'detectscale_camera_gap_seconds_total{camera="door"} 0.0',
        'detectscale_camera_last_capture_timestamp_seconds{camera="door"}',
        'detectscale_camera_motion_saved_ratio{camera="door"} 0.',
        "detectscale_camera_buffer_bytes",
        "process_cpu_seconds_total",
    ):
        assert name in shown
    assert process.ended(20) == 0


def test_one_camera_needs_no_file_and_ends_with_its_source(start, kafka, topics, image):
    process = start(str(image), "--name", "door")

    assert process.ended(30) == 0
    assert cameras_in(kafka, topics) == {"door": [image.read_bytes()]}
    assert "camera door: 1 sent" in process.said


def test_a_camera_that_cannot_be_is_told_in_one_line(start, tmp_path):
    process = start(str(tmp_path / "nothing"))

    assert process.ended(30) == 2
    assert process.said.count("\n") == 1
    assert "nothing: no such file or folder" in process.said


def test_the_password_of_a_camera_is_in_no_log(start, tmp_path):
    file = tmp_path / "cameras.yaml"
    file.write_text("door: {source: 'rtsp://viewer:${DOOR}@127.0.0.1:1/live'}\n")
    process = start("--cameras", str(file), DOOR="hunter2")

    until(lambda: "rtsp://127.0.0.1:1/live does not answer" in process.said, 30)
    process.signal(signal.SIGTERM)

    assert process.ended(20) == 0
    assert "hunter2" not in process.said
