"""`detectscale camera` before a camera on the network that shows a real video, and a real Kafka behind it."""

import re
import signal
import time
from itertools import pairwise

import pytest

from frames.image import read_header
from tests.e2e.cameras.conftest import VIDEO, frames_in
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)

LOWER_RIGHT = [[0.6, 0.6], [1, 0.6], [1, 1], [0.6, 1]]
"""Where people pass now and then; elsewhere in this video somebody always walks."""


def told(said: str, camera: str) -> dict[str, int]:
    """What the last line about *camera* counts: {"sent": 12, "still": 3}."""
    line = re.findall(rf"^camera {camera}: (.*)$", said, re.MULTILINE)[-1]
    return {outcome: int(count) for count, outcome in re.findall(r"(\d+) ([a-z ]+)", line)}


def test_a_camera_that_was_away_is_seen_again_within_two_seconds(rtsp, start_cameras, kafka, topics, report):
    process = start_cameras(kafka, {"door": {"source": rtsp.url, "width": 384}})
    until(lambda: len(frames_in(kafka, topics)) > 20, 30)

    rtsp.kill()
    killed_at = time.time()
    until(lambda: "does not answer" in process.said, 20)
    until(lambda: time.time() > killed_at + 3.0)
    back_at = rtsp.start()
    until(lambda: any(frame.captured_at > back_at for frame in frames_in(kafka, topics)), 20)
    until(lambda: "is back after" in process.said, 20)
    process.signal(signal.SIGTERM)
    status = process.ended(20)

    frames = frames_in(kafka, topics)
    first_s = next(frame.captured_at for frame in frames if frame.captured_at > back_at) - back_at
    report.add("camera away for 3 s", first_frame_s=first_s)
    assert status == 0
    assert first_s < 2.0
    assert {read_header(frame.image).width for frame in frames} == {384}
    assert process.said.count("does not answer") == 1
    away_s = float(re.findall(r"is back after ([\d.]+) s", process.said)[0])
    assert away_s == pytest.approx(back_at + first_s - killed_at, abs=1.0)
    assert told(process.said, "door")["sent"] == len(frames)
    assert all(int(after.sequence) == int(before.sequence) + 1 for before, after in pairwise(frames))


def test_the_motion_gate_saves_from_the_network_what_it_saves_from_the_file(
    rtsp, start_cameras, kafka, report
):
    gated = {"fps": 5, "motion": {}, "areas": [LOWER_RIGHT]}
    process = start_cameras(
        kafka, {"file": {"source": str(VIDEO)} | gated, "network": {"source": rtsp.url} | gated}
    )
    until(lambda: process.said.count("camera network:") >= 6, 60)
    process.signal(signal.SIGTERM)
    status = process.ended(20)

    saved = {}
    for camera in ("file", "network"):
        counts = told(process.said, camera)
        assert set(counts) == {"sent", "still"}
        saved[camera] = counts["still"] / (counts["sent"] + counts["still"])
    report.add(
        "motion gate on vtest.avi, 30 s", **{f"saved_{camera}": share for camera, share in saved.items()}
    )
    assert status == 0
    assert 0.3 < saved["file"] < 0.7
    assert saved["network"] == pytest.approx(saved["file"], abs=0.12)
