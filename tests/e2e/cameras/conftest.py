"""A camera on the network that can be killed and started again, and `detectscale camera` before it."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from autoscaler.leash import leashed
from detectscale.embedded.ports import free_port
from detectscale.settings import Settings
from frames.clients import KafkaSettings, reader
from frames.event import Frame, Message, decode_frame
from frames.publisher import PublisherSettings
from frames.records import partitions_of, read_until
from frames.topics import TopicSettings
from tests.e2e.packages import RTSP_SERVER, missing
from tests.integration.faults.command_process import CommandProcess

PROGRAM = Path(__file__).with_name("rtsp_server.py")
VIDEO = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
"""Ten pictures a second for 80 s of people who walk in a street: PETS 2009, from OpenCV's documentation."""

StartCameras = Callable[..., CommandProcess]


class RtspCamera:
    """A camera at `url`, once it is started; it plays its video from the start each time."""

    def __init__(self) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self._port}/live"

    def start(self) -> float:
        """The instant at which it listens, seconds since the epoch."""
        command = ["/usr/bin/python3", str(PROGRAM), str(VIDEO), str(self._port)]
        self._process = subprocess.Popen(leashed(command), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "listening\n"
        return time.time()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
        self._process = None


@pytest.fixture
def rtsp() -> Iterator[RtspCamera]:
    packages = missing(RTSP_SERVER)
    assert not packages, f"apt-get install {' '.join(packages)}"
    camera = RtspCamera()
    camera.start()
    yield camera
    camera.kill()


@pytest.fixture
def start_cameras(topics: TopicSettings, tmp_path: Path) -> Iterator[StartCameras]:
    """Starts `detectscale camera --cameras` with cameras by name, and the settings of the publisher."""
    started: list[CommandProcess] = []

    def start(
        kafka: KafkaSettings, cameras: dict[str, dict[str, object]], **publisher: object
    ) -> CommandProcess:
        file = tmp_path / "cameras.yaml"
        file.write_text(yaml.safe_dump(cameras))
        settings = Settings(kafka=kafka, topics=topics, publisher=PublisherSettings.model_validate(publisher))
        started.append(CommandProcess("cameras", ["camera", "--cameras", str(file)], settings, tmp_path, {}))
        return started[-1]

    yield start
    for process in started:
        process.end()
        print(process.said)


def frames_in(kafka: KafkaSettings, topics: TopicSettings) -> list[Frame]:
    """All in the topic, in the order of their capture."""
    consumer = reader(kafka)
    consumer.assign(partitions_of(consumer, [topics.frames]))
    ends = consumer.end_offsets(consumer.assignment())
    consumer.seek_to_beginning()
    frames = [decode_frame(Message.of(record), 0.0) for record in read_until(consumer, ends)]
    consumer.close()
    return sorted(frames, key=lambda frame: frame.captured_at)
