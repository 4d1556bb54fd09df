"""A cameras file says what it means, or in one line what is wrong, and never a secret."""

from pathlib import Path

import pytest
import yaml

from frames.cameras.camera_settings import CameraSettings
from frames.cameras.cameras_file import read_cameras
from frames.errors import ConfigError

EXAMPLE = Path(__file__).parents[4] / "docs" / "cameras.yaml"
SECRET = "hunter2@/#"  # noqa: S105


def read(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> dict:
    file = tmp_path / "cameras.yaml"
    file.write_text(text)
    return read_cameras(file, environment or {})


def test_the_example_can_be_used():
    cameras = read_cameras(EXAMPLE, {"DOOR_PASSWORD": SECRET})

    assert list(cameras) == ["door", "till", "shelf"]
    assert cameras["door"].blur_faces
    assert cameras["door"].motion is not None


def test_the_example_shows_every_setting():
    shown = {key for camera in yaml.safe_load(EXAMPLE.read_text()).values() for key in camera}

    assert shown | {"loop"} == set(CameraSettings.model_fields)


def test_a_variable_in_an_address_is_written_as_addresses_are(tmp_path):
    [camera] = read(tmp_path, "door: {source: 'rtsp://u:${PW}@10.0.0.5/live'}", {"PW": SECRET}).values()

    assert camera.source.get_secret_value() == "rtsp://u:hunter2%40%2F%23@10.0.0.5/live"
    assert "hunter2" not in repr(camera)


def test_a_variable_may_hold_the_whole_source(tmp_path):
    [camera] = read(tmp_path, "door: {source: '${URL}'}", {"URL": "rtsp://u:p%40@10.0.0.5/live"}).values()

    assert camera.source.get_secret_value() == "rtsp://u:p%40@10.0.0.5/live"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected cameras by name"),
        ("- source: store", "expected cameras by name"),
        ("door: store", "expected cameras by name"),
        ("door: {source: store", "not YAML, line 1"),
        ("door: {fps: 5}", "cameras.yaml: door.source: Field required"),
        (
            "door: {source: store, fsp: 5}",
            "cameras.yaml: door.fsp: no such setting; a camera has source, fps,",
        ),
        ("door: {source: store, fps: 0}", "cameras.yaml: door.fps: Input should be greater than 0, got 0"),
        ("door: {source: store, quality: high}", "door.quality: .*got 'high'"),
        ("door: {source: store, masks: [[[0, 0], [1, 0]]]}", "door.masks.0: .*at least 3"),
        ("door: {source: store, areas: [[[0, 0], [2, 0], [1, 1]]]}", r"door.areas.0.1.0: .*got 2"),
        ("door: {source: store, motion: {hold_s: -1}}", "door.motion.hold_s: .*got -1"),
        ("door: {source: no/such.avi}", "cameras.yaml: door.source: no/such.avi: no such file"),
        (
            "door: {source: 'rtsp://u:${PW}@10.0.0.5/'}",
            r"door.source: \$\{PW\} is not in the environment; set it",
        ),
        ("door: {source: '${URL}'}", "door.source: .*holds no source"),
        ("door: {source: 'u:hunter2@10.0.0.5/live'}", "door.source: …: no such file"),
        ("door: {sauce: 'http://10.0.0.5/?token=hunter2'}", "door.source: Field required"),
        ("door: {source: ['http://10.0.0.5/?token=hunter2']}", "door.source: "),
    ],
)
def test_what_is_wrong_is_told_in_one_line_without_secrets(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message) as told:
        read(tmp_path, text, {"URL": "u:hunter2@10.0.0.5/live"})

    assert "\n" not in str(told.value)
    assert "hunter2" not in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        read_cameras(tmp_path / "none.yaml", {})
