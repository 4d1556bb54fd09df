"""`detectscale up` and the commands of the other terminal."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from frames.store import StoreCamera
from tests.child import child
from tests.integration.detectscale.processes import processes_of, workers_of
from tests.waiting import until


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "detectscale"


@pytest.fixture
def up(tmp_path: Path, state: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`detectscale up`, ready."""
    log = tmp_path / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "detectscale", "up", "--gateway-port", "0", "--state-dir", str(state)],
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: (state / "running.json").exists() or process.poll() is not None)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        print(log.read_text())


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "shop.jpg"
    file.write_bytes(StoreCamera(9005).jpeg(3.0)[0])
    return file


def test_a_published_picture_is_detected_from_zero_workers(up, run, picture, state):
    assert workers_of(state) == []

    frame = run("publish", picture, "--camera", "door", "--state-dir", state).stdout.strip()

    shown = until(lambda: run("results", "--frame", frame, "--state-dir", state).stdout)
    result = json.loads(shown)
    assert (result["frame_id"], result["camera"]) == (frame, "door")
    assert "person" in {found["label"] for found in result["detections"]}
    assert json.loads(run("results", "--camera", "door", "--state-dir", state).stdout) == result


def test_a_picture_posted_to_the_gateway_comes_back_as_boxes_from_zero_workers(up, picture, state, tmp_path):
    address = until(lambda: re.search(r"gateway at (\S+)", (tmp_path / "up.log").read_text()))[1]
    assert workers_of(state) == []

    answer = httpx.post(
        f"{address}/v1/detect",
        content=picture.read_bytes(),
        headers={"content-type": "image/jpeg"},
        timeout=60.0,
    )

    assert answer.status_code == 200
    assert answer.json()["status"] == "detected"
    assert "person" in {found["label"] for found in answer.json()["detections"]}


def test_ctrl_c_drains_and_leaves_no_process_and_no_port(up, run, state):
    run("camera", "store:7", "--frames", "10", "--state-dir", state)
    until(lambda: workers_of(state))
    address = json.loads((state / "running.json").read_text())["bootstrap_servers"]
    assert processes_of(state)

    up.send_signal(signal.SIGINT)

    assert up.wait(timeout=60) == 0
    assert processes_of(state) == {}
    host, _, port = address.rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
    assert not (state / "running.json").exists()


def test_even_sigkill_leaves_no_process(up, run, state):
    run("camera", "store:7", "--frames", "10", "--state-dir", state)
    until(lambda: workers_of(state))

    os.kill(up.pid, signal.SIGKILL)
    up.wait()

    until(lambda: not processes_of(state), within_s=20)


def test_a_second_up_on_the_same_state_is_refused_with_the_way_out(up, run, state):
    done = run("up", "--state-dir", state)

    assert done.returncode == 1
    assert "in use by process" in done.stderr


def test_following_results_prints_each_outcome_as_a_line(up, picture, run, state):
    command = [sys.executable, "-m", "detectscale", "results", "--follow", "--state-dir", str(state)]
    lines = state / "followed"
    published = []

    def followed() -> list[str]:
        published.append(run("publish", picture, "--state-dir", state).stdout.strip())
        whole, _, _ = lines.read_text().rpartition("\n")  # the last one may still be written
        return [json.loads(line)["frame_id"] for line in whole.splitlines()]

    with lines.open("w") as output, child(command, stdout=output) as following:
        seen = until(followed)
        following.send_signal(signal.SIGINT)
        assert following.wait(timeout=20) == 0

    assert set(seen) <= set(published)
