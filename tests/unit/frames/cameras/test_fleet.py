"""Cameras come, change and go while the others run."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from frames.cameras.camera_settings import CameraSettings
from frames.cameras.fleet import Fleet
from frames.cameras.tally import Tally
from frames.sources import Captured
from tests.waiting import until


@pytest.fixture
def image(tmp_path: Path) -> str:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((48, 64, 3), np.uint8))
    return str(tmp_path / "a.png")


class Stage:
    def __init__(self, limit: int | None = None) -> None:
        self.taken: list[Captured] = []
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self.fleet = Fleet(
            self.taken.append, self.tallies.__getitem__, lambda: lambda pixels, at: None, limit
        )

    def count(self, camera: str) -> int:
        return sum(captured.camera == camera for captured in self.taken)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.fleet.close()


def looping(image: str, **settings: object) -> CameraSettings:
    return CameraSettings.model_validate({"source": image, "fps": 100, "loop": True} | settings)


def test_a_camera_that_is_added_runs_beside_the_others(stage, image):
    door, till = looping(image), looping(image)
    stage.fleet.apply({"door": door})
    thread = stage.fleet._running["door"].thread
    until(lambda: stage.count("door"), 10, 0.01)

    stage.fleet.apply({"door": door, "till": till})

    until(lambda: stage.count("till"), 10, 0.01)
    assert stage.fleet._running["door"].thread is thread


def test_a_camera_that_is_removed_stops(stage, image):
    stage.fleet.apply({"door": looping(image), "till": looping(image)})
    until(lambda: stage.count("till"), 10, 0.01)

    stage.fleet.apply({"door": looping(image)})
    stopped = stage.count("till")
    until(lambda: stage.count("door") > 3, 10, 0.01)

    assert stage.fleet.names == ["door"]
    assert stage.count("till") == stopped


def test_a_camera_that_is_changed_starts_anew_and_is_counted_on(stage, image):
    stage.fleet.apply({"door": looping(image)})
    until(lambda: stage.count("door") > 3, 10, 0.01)

    stage.fleet.apply({"door": looping(image, width=32)})
    before = stage.tallies["door"].captured
    until(lambda: stage.tallies["door"].captured > before, 10, 0.01)

    assert stage.taken[-1].content_type == "image/jpeg"  # made smaller, no longer the file as it is
    assert stage.taken[0].content_type == "image/png"


def test_a_camera_ends_with_its_source(image):
    stage = Stage(limit=3)

    stage.fleet.apply({"door": looping(image)})

    until(lambda: not stage.fleet.names, 10, 0.01)
    assert [captured.sequence for captured in stage.taken] == [0, 1, 2]


def test_a_source_that_holds_nothing_is_reported_and_stops_no_other(stage, image, tmp_path, caplog):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").touch()

    stage.fleet.apply({"door": looping(image), "till": looping(str(empty))})

    until(lambda: stage.fleet.broken, 10, 0.01)
    until(lambda: stage.count("door") > 3, 10, 0.01)
    assert "none of its 1 files is an image" in str(stage.fleet.broken["till"])
    assert "camera till: ended" in caplog.text
    assert stage.fleet.names == ["door"]
