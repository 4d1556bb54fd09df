"""
What `model.path` may name, and how its bytes get here.

    a file or folder of this machine       yolo.onnx, /mnt/models/yolo_openvino_model, file:///…
    an object, or a prefix of objects      s3://bucket/yolo.onnx, gs://bucket/yolo_openvino_model
    a model that Ultralytics publishes     yolo26n.pt
    a model of yours at Ultralytics        ul://user/project/model, https://hub.ultralytics.com/models/ID

Nothing else is ever fetched: no URL but of these hosts and protocols. Nothing here opens
what it fetches; that is for later, once its digest is known.
"""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from frames.errors import ConfigError

OnProgress = Callable[[float | None], None]
"""Told the share that has arrived, 0 to 1; None: not known. It may raise to give up, but no `OSError`."""

STORAGE = ("s3://", "gs://", "gcs://")
"""The protocols that fsspec may fetch by."""
ULTRALYTICS = ("ul://", "https://platform.ultralytics.com/", "https://hub.ultralytics.com/models/")
PUBLISHED = re.compile(r"[A-Za-z0-9][\w.-]*\.pt")


class Source(Protocol):
    """A model that is not on this machine."""

    @property
    def name(self) -> str:
        """Of the file or folder that `fetch` writes."""
        ...

    def version(self) -> str:
        """What tells this model from the one that lay there before. Errors as `fetch`."""
        ...

    def manifest(self) -> bytes | None:
        """The manifest beside it; None: there is none. Errors as `fetch`."""
        ...

    def fetch(self, folder: Path, on_progress: OnProgress) -> None:
        """
        Write the model into *folder*, under its name.

        Raises:
            ConfigError: There is no such model, or we may not read it. UnavailableError: The
            store does not answer, or broke off; worth another try. OSError: *folder* is full.
        """
        ...


def source_of(text: str) -> Path | Source:
    """
    Understand the setting `model.path`.

    Raises:
        ConfigError: It is a URL of another kind, or holds credentials.
    """
    if text.startswith(ULTRALYTICS):
        return _ultralytics(text)
    if "://" not in text:
        return _ultralytics(text) if PUBLISHED.fullmatch(text) and not Path(text).exists() else Path(text)
    url = urlsplit(text)
    if url.password is not None or url.query:
        raise ConfigError(
            f"model.path: {url.scheme}://…: credentials and queries do not belong in it; "
            "storage takes its credentials from the environment"
        )
    if url.scheme == "file" and not url.netloc:
        return Path(unquote(url.path))
    chained = "::" in text  # fsspec's syntax for one file system on top of another
    if not text.startswith(STORAGE) or chained or not url.path.strip("/"):
        raise ConfigError(
            f"model.path: {text}: not a place models come from; name a path, file:///PATH, "
            "s3://BUCKET/KEY, gs://BUCKET/KEY, a model of Ultralytics (yolo26n.pt), ul://USER/PROJECT/MODEL "
            "or https://hub.ultralytics.com/models/ID"
        )
    return _stored(text.rstrip("/"))


def manifest_name(name: str) -> str:
    """
    The manifest of the file or folder *name*, beside it.

    >>> manifest_name("store.onnx"), manifest_name("store_openvino_model")
    ('store.yaml', 'store.yaml')
    """
    return model_name(name) + ".yaml"


def model_name(name: str) -> str:
    """What a model is called if no manifest says: its file's name without the format."""
    return (
        name.removesuffix("_openvino_model") if name.endswith("_openvino_model") else PurePosixPath(name).stem
    )


# Storage takes fsspec, and Ultralytics takes torch: imported when they are asked for.


def _stored(url: str) -> Source:
    from workers.storage_source import StorageSource

    return StorageSource(url)


def _ultralytics(text: str) -> Source:
    from workers.ultralytics_source import UltralyticsSource

    return UltralyticsSource(text)
