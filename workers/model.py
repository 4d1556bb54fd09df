"""
Which model a worker runs, checked before anything opens it.

A model file is code to whoever loads it. Its sha256 must be the one in the manifest
beside it (`NAME.yaml`, written by `detectscale export`) or in the settings; otherwise
it is refused, unless the user says that they trust it.
"""

import hashlib
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, ValidationError

from frames.errors import ConfigError

BUNDLED = Path(__file__).parent / "bundled" / "store-yolo26n.onnx"


class ModelSettings(BaseModel, frozen=True, extra="forbid"):
    """Which model to run: the `model` section of the settings."""

    path: Path | None = None
    """An ONNX file; None is the bundled model."""
    sha256: str | None = None
    """Expected digest, hexadecimal; None takes the one in the manifest beside the file."""
    trust: bool = False
    """Run a file whose digest nobody vouches for."""
    min_score: float = Field(default=0.25, ge=0, le=1)
    """Detections below are not published."""
    max_iou: float = Field(default=0.6, gt=0, le=1)
    """Of two boxes of one label that overlap more than this, the better one stays (heads that need NMS)."""
    max_detections: PositiveInt = 300
    threads: PositiveInt = 1
    """Cores one worker uses: one inference stream each."""


class ModelManifest(BaseModel, frozen=True, extra="ignore"):
    """What the file beside a model says of it; further keys are for people."""

    class File(BaseModel, frozen=True, extra="ignore"):
        """One format of the model."""

        file: str
        sha256: str = Field(pattern="^[0-9a-f]{64}$")

    name: str
    labels: tuple[str, ...]
    """In the order of class ids."""
    files: dict[str, File]
    """By format: `onnx`, `pt`."""
    map50: PositiveFloat | None = None
    """Mean average precision at IoU 0.5 on cameras it never saw."""


class Model(BaseModel, frozen=True):
    """A model file that passed the check, in memory: what was checked is what is loaded."""

    name: str
    digest: str
    """sha256 of `content`, hexadecimal."""
    labels: tuple[str, ...] | None
    """In the order of class ids; None: only the file itself says."""
    content: bytes = Field(repr=False)


def load_model(settings: ModelSettings) -> Model:
    """
    Read the model file and check its digest.

    Raises:
        ConfigError: There is no such file, nobody vouches for it, or its digest differs.
    """
    path = settings.path or BUNDLED
    if path.suffix != ".onnx":
        raise ConfigError(
            f"model.path: {path}: not an .onnx file; convert it first: detectscale export {path.name}"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"model.path: {path}: {error.strerror}; name an .onnx file that can be read"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    manifest = _manifest(path.with_suffix(".yaml"))
    expected = settings.sha256 or _expected(manifest, path)
    if expected is None and not settings.trust:
        raise ConfigError(
            f"model.path: {path}: nobody vouches for this file; set model.sha256 to its digest "
            f"({digest}, if you mean this one), or model.trust to true (--trust)"
        )
    if expected is not None and digest != expected:
        raise ConfigError(
            f"model.path: {path}: its sha256 is {digest}, but {expected} was promised; "
            "it is damaged, or not the one you mean"
        )
    return Model(
        name=manifest.name if manifest else path.stem,
        digest=digest,
        labels=manifest.labels if manifest else None,
        content=content,
    )


def _manifest(path: Path) -> ModelManifest | None:
    if not path.exists():
        return None
    try:
        return ModelManifest.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, ValueError, yaml.YAMLError, ValidationError) as error:
        raise ConfigError(
            f"model.path: {path}: not a model manifest: {str(error).splitlines()[0]}"
        ) from error


def _expected(manifest: ModelManifest | None, path: Path) -> str | None:
    if manifest is None:
        return None
    return next((entry.sha256 for entry in manifest.files.values() if entry.file == path.name), None)
