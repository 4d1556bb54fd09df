from pathlib import Path

import pytest

from frames.errors import ConfigError
from workers.model_source import source_of
from workers.storage_source import StorageSource
from workers.ultralytics_source import UltralyticsSource


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("yolo.onnx", "yolo.onnx"),
        ("models/yolo26n.pt", "models/yolo26n.pt"),
        ("/mnt/nfs/yolo_openvino_model", "/mnt/nfs/yolo_openvino_model"),
        ("file:///mnt/my%20models/yolo.onnx", "/mnt/my models/yolo.onnx"),
    ],
)
def test_what_lies_here_is_a_path(text, path):
    assert source_of(text) == Path(path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s3://bucket/a/yolo.onnx", "yolo.onnx"),
        ("gs://bucket/yolo_openvino_model/", "yolo_openvino_model"),
        ("gcs://bucket/yolo.pt", "yolo.pt"),
    ],
)
def test_an_object_in_storage_keeps_its_name(text, name):
    source = source_of(text)

    assert isinstance(source, StorageSource)
    assert source.name == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("yolo26n.pt", "yolo26n.pt"),
        ("https://hub.ultralytics.com/models/AbC123", "AbC123.pt"),
        ("https://platform.ultralytics.com/ann/doors/v7", "v7.pt"),
        ("ul://ann/doors/v7", "v7.pt"),
    ],
)
def test_a_model_of_ultralytics_is_named_after_its_last_part(text, name):
    source = source_of(text)

    assert isinstance(source, UltralyticsSource)
    assert source.name == name


def test_a_file_that_is_here_is_not_asked_of_ultralytics(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("yolo26n.pt").touch()

    assert source_of("yolo26n.pt") == Path("yolo26n.pt")


@pytest.mark.parametrize(
    "text",
    [
        "http://hub.ultralytics.com/models/AbC123",
        "https://hub.ultralytics.com.evil.example/models/AbC123",
        "https://models.example/yolo.onnx",
        "http://169.254.169.254/latest/meta-data",
        "ftp://models.example/yolo.onnx",
        "file://elsewhere/yolo.onnx",
        "simplecache::s3://bucket/yolo.onnx",
        "s3://bucket",
        "s3://bucket/yolo.onnx::memory://x",
        "S3://bucket/yolo.onnx",
    ],
)
def test_any_other_url_is_refused_with_the_places_that_are_allowed(text):
    with pytest.raises(ConfigError, match=r"not a place models come from; name a path, .*s3://BUCKET/KEY"):
        source_of(text)


@pytest.mark.parametrize(
    "text", ["s3://me:secret@bucket/yolo.onnx", "s3://bucket/yolo.onnx?signature=secret"]
)
def test_credentials_in_the_url_are_refused_and_not_repeated(text):
    with pytest.raises(ConfigError, match="credentials") as refused:
        source_of(text)

    assert "secret" not in str(refused.value)


def test_a_missing_back_end_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)  # as if it were not installed

    with pytest.raises(ConfigError, match=r"pip install 'detectscale\[gcs\]'"):
        source_of("gs://bucket/yolo.onnx").manifest()
