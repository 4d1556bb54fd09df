"""The demo as a person runs it, with a worker killed in the middle."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from frames.clients import KafkaSettings
from frames.ledger import read_ledger
from frames.topics import TopicSettings
from tests.child import child
from tests.integration.detectscale.processes import processes_of, workers_of
from tests.waiting import until


def outcomes_so_far(state: Path) -> int:
    """Frames with an outcome, as far as the broker of the running demo can be asked."""
    for note in state.glob("demo-*/running.json"):
        kafka = KafkaSettings(bootstrap_servers=json.loads(note.read_text())["bootstrap_servers"])
        return len(read_ledger(kafka, TopicSettings()).ends)
    return 0


@pytest.mark.timeout(420)
def test_a_store_day_loses_nothing_although_a_worker_is_killed(tmp_path: Path):
    state, report_file, boxes = tmp_path / "state", tmp_path / "demo.json", tmp_path / "boxes"
    command = [sys.executable, "-m", "detectscale", "demo", "--state-dir", str(state)]
    with child([*command, "--report", str(report_file), "--save", str(boxes)]) as demo:
        until(lambda: outcomes_so_far(state) > 300, within_s=120, every_s=0.5)
        os.kill(workers_of(state)[0], signal.SIGKILL)
        status = demo.wait(timeout=300)

    assert status == 0
    report = json.loads(report_file.read_text())
    assert (report["lost"], report["final_replicas"], report["crashed"]) == (0, 0, 1)
    assert report["published"] == report["detected"] > 500
    assert report["duplicates"] <= 64  # what one worker can have had in flight
    assert report["wakeups"] >= 2
    assert len(report["first_detection_s"]) >= 2
    assert report["map50"] >= 0.60
    assert report["replica_seconds"] < report["replica_seconds_always_on"]
    assert len(list(boxes.glob("*.jpg"))) >= 10
    assert processes_of(state) == {}
