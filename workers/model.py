"""
Which model a worker runs, checked before anything opens it.

A model file is code to whoever loads it. Its sha256 must be the one in the manifest
beside it (`NAME.yaml`, written by `detectscale export`) or in the settings; otherwise
it is refused, unless the user says that they trust it.

A model of this machine is used where it lies; one from elsewhere (see `model_source`) is fetched
into a cache first. With `model.sha256` set, a start that finds it there needs no network.
"""

import hashlib
import random
import time
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, ValidationError

from frames.errors import ConfigError
from workers.model_cache import ModelCache
from workers.model_digest import digest_of
from workers.model_source import OnProgress, Source, manifest_name, model_name, source_of
from workers.patience import patiently

BUNDLED = Path(__file__).parent / "bundled" / "store-yolo26n.onnx"
"""Its weights for torch lie beside it."""
PATIENCE_S = 60.0


class ModelSettings(BaseModel, frozen=True, extra="forbid"):
    """Which model to run: the `model` section of the settings."""

    path: str | None = None
    """A path, a storage URL, or a model of Ultralytics (see `model_source`); None: the bundled model."""
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    """Expected digest (see `digest_of`); None takes the one in the manifest beside the model."""
    trust: bool = False
    """Run a file whose digest nobody vouches for."""
    min_score: float = Field(default=0.25, ge=0, le=1)
    """Detections below are not published."""
    max_iou: float = Field(default=0.6, gt=0, le=1)
    """Of two boxes of one label that overlap more than this, the better one stays (heads that need NMS)."""
    max_detections: PositiveInt = 300
    threads: PositiveInt = 1
    """Cores one worker uses: one inference stream each."""
    detector: Literal["auto", "openvino", "ultralytics"] = "auto"
    """auto: OpenVINO for ONNX and OpenVINO files, Ultralytics (torch) for every other format."""
    precision: Literal["auto", "f32"] = "auto"
    """auto: the fastest that the device is made for (bf16 with AMX, half on CUDA), else f32."""


class ModelManifest(BaseModel, frozen=True, extra="ignore"):
    """What the file beside a model says of it; further keys are for people."""

    class File(BaseModel, frozen=True, extra="ignore"):
        """One format of the model."""

        file: str
        """Name of a file or folder beside the manifest."""
        sha256: str = Field(pattern="^[0-9a-f]{64}$")

    class Input(BaseModel, frozen=True, extra="ignore"):
        """Pixels that the model was trained for."""

        width: PositiveInt
        height: PositiveInt

    name: str
    labels: tuple[str, ...]
    """In the order of class ids."""
    files: dict[str, File]
    """By format: `onnx`, `openvino`, `pt`, …"""
    input: Input | None = None
    head: Literal["one-to-many", "end-to-end"] | None = None
    """Which head is better, of a model that has both; None: the one that needs no suppression."""
    map50: PositiveFloat | None = None
    """Mean average precision at IoU 0.5 on cameras it never saw."""


class Model(BaseModel, frozen=True):
    """A model that passed the check."""

    name: str
    digest: str
    """See `digest_of`."""
    labels: tuple[str, ...] | None
    """In the order of class ids; None: only the file itself says."""
    input_size: tuple[int, int] | None = None
    """Width and height in pixels, for a file that leaves it open; None: what it was trained with."""
    head: Literal["one-to-many", "end-to-end"] | None = None
    """See `ModelManifest.head`."""
    path: Path
    """On this machine: a file, or a folder (OpenVINO)."""
    content: bytes = Field(default=b"", repr=False)
    """Of an ONNX file, to be loaded from memory: what was checked is what is loaded. Empty for others."""


def load_model(
    settings: ModelSettings,
    cache_dir: Path,
    on_progress: OnProgress = lambda share: None,
    patience_s: float = PATIENCE_S,
) -> Model:
    """
    Bring the model to this machine and check its digest.

    Args:
        cache_dir: Where a model that has to be fetched is kept for the next start.
        on_progress: Called while one is fetched, and between attempts. If it raises, nothing is left behind.
        patience_s: How long a store that does not answer is asked again.

    Raises:
        ConfigError: There is no such model, nobody vouches for it, or its digest differs.
        UnavailableError: Its store did not answer, or there is no space for it.
    """
    source = source_of(settings.path) if settings.path else bundled(settings)
    if isinstance(source, Path):
        return _local(source, settings)
    cache = ModelCache(cache_dir)
    if settings.sha256 and (path := cache.find(settings.sha256, source.name)):
        return _model(path, settings.sha256, _manifest_beside(path))

    def pause(wait_s: float) -> None:
        on_progress(None)
        time.sleep(wait_s)

    return patiently(
        lambda: _fetched(source, settings, cache, on_progress),
        patience_s,
        time.monotonic,
        pause,
        random.Random(),  # noqa: S311  # spreads workers, keeps no secret
    )


def bundled(settings: ModelSettings) -> Path:
    """The file of the model that comes with the project, for the detector that *settings* name."""
    return BUNDLED.with_suffix(".pt") if settings.detector == "ultralytics" else BUNDLED


def _local(path: Path, settings: ModelSettings) -> Model:
    try:
        content = path.read_bytes() if path.suffix == ".onnx" else None
        digest = digest_of(path) if content is None else hashlib.sha256(content).hexdigest()
    except OSError as error:
        raise ConfigError(f"model.path: {path}: {error.strerror}; name a model that can be read") from error
    manifest = _manifest_beside(path)
    expected = settings.sha256 or _expected(manifest, path.name)
    if expected is None and not settings.trust:
        raise _unvouched(str(path), f" ({digest}, if you mean this one)")
    _check(digest, expected, str(path))
    return _model(path, digest, manifest, content)


def _fetched(source: Source, settings: ModelSettings, cache: ModelCache, on_progress: OnProgress) -> Model:
    """The model from the cache if it holds what the store has now, else from the store."""
    text = source.manifest()
    manifest = _parsed(text, f"{settings.path}: its manifest") if text else None
    expected = settings.sha256 or _expected(manifest, source.name)
    if expected is None and not settings.trust:
        raise _unvouched(str(settings.path), "")
    version = None if expected else source.version()
    digest = expected or cache.last_digest(str(version))
    path = cache.find(digest, source.name) if digest else None
    if digest is None or path is None:
        with cache.partial() as folder:
            source.fetch(folder, on_progress)
            digest = digest_of(folder / source.name)
            _check(digest, expected, str(settings.path))
            if text:
                (folder / manifest_name(source.name)).write_bytes(text)
            if version:
                cache.remember(folder, version, digest)
            path = cache.keep(folder, digest, source.name)
    return _model(path, digest, manifest)


def _unvouched(place: str, hint: str) -> ConfigError:
    return ConfigError(
        f"model.path: {place}: nobody vouches for this file; set model.sha256 to its digest{hint}, "
        "or model.trust to true (--trust)"
    )


def _check(digest: str, expected: str | None, place: str) -> None:
    if expected is not None and digest != expected:
        raise ConfigError(
            f"model.path: {place}: its sha256 is {digest}, but {expected} was promised; "
            "it is damaged, or not the one you mean"
        )


def _model(path: Path, digest: str, manifest: ModelManifest | None, content: bytes | None = None) -> Model:
    if content is None and path.suffix == ".onnx":
        content = path.read_bytes()
    return Model(
        name=manifest.name if manifest else model_name(path.name),
        digest=digest,
        labels=manifest.labels if manifest else None,
        input_size=(manifest.input.width, manifest.input.height) if manifest and manifest.input else None,
        head=manifest.head if manifest else None,
        path=path,
        content=content or b"",
    )


def _manifest_beside(model: Path) -> ModelManifest | None:
    path = model.with_name(manifest_name(model.name))
    try:
        return _parsed(path.read_bytes(), str(path)) if path.exists() else None
    except OSError as error:
        raise ConfigError(f"model.path: {path}: {error.strerror}") from error


def _parsed(text: bytes, place: str) -> ModelManifest:
    try:
        return ModelManifest.model_validate(yaml.safe_load(text))
    except (ValueError, yaml.YAMLError, ValidationError) as error:
        raise ConfigError(
            f"model.path: {place}: not a model manifest: {str(error).splitlines()[0]}"
        ) from error


def _expected(manifest: ModelManifest | None, name: str) -> str | None:
    if manifest is None:
        return None
    return next((entry.sha256 for entry in manifest.files.values() if entry.file == name), None)
