"""
The cameras file: a YAML mapping from the id of each camera to its settings.

    door:
      source: rtsp://viewer:${DOOR_PASSWORD}@10.0.0.5/stream1
      fps: 5

`${NAME}` in a source is a variable of the environment, so that the file holds no password. No
message repeats a source, or what a variable holds.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from pydantic import ValidationError

from frames.cameras.camera_settings import CameraSettings
from frames.errors import ConfigError
from frames.sources import open_source


def read_cameras(file: Path, environment: Mapping[str, str]) -> dict[str, CameraSettings]:
    """
    The cameras of *file*, each one's source looked at.

    Raises:
        ConfigError: Names the file, the camera, the key, and the value unless it may be secret.
    """
    try:
        raw = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}; name a cameras file") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)  # the rest of the message quotes the line
        raise ConfigError(f"{file}: not YAML{f', line {mark.line + 1}' if mark else ''}") from error
    if not isinstance(raw, dict) or not raw or not all(isinstance(camera, dict) for camera in raw.values()):
        raise ConfigError(f"{file}: expected cameras by name, such as `door:` with `source: rtsp://…`")
    return {str(name): _camera(f"{file.name}: {name}", camera, environment) for name, camera in raw.items()}


def _camera(place: str, raw: dict[str, Any], environment: Mapping[str, str]) -> CameraSettings:
    written = str(raw.get("source", ""))
    if "source" in raw:
        raw = raw | {"source": _resolved(place, written, environment)}
    try:
        camera = CameraSettings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("; ".join(f"{place}.{line}" for line in _lines(error))) from error
    try:
        open_source(camera.source.get_secret_value())
    except ConfigError as error:
        why = f"{written} holds no source that there is" if "$" in written else error
        raise ConfigError(f"{place}.source: {why}") from error
    return camera


def _resolved(place: str, source: str, environment: Mapping[str, str]) -> str:
    """*source* with what its variables hold, as an address spells it, unless one is all of the source."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environment:
            raise ConfigError(f"{place}.source: ${{{name}}} is not in the environment; set it")
        return environment[name] if match[0] == source else quote(environment[name], safe="")

    return re.sub(r"\$\{(\w+)\}", value, source)


def _lines(error: ValidationError) -> list[str]:
    """`fps: Input should be greater than 0, got 0`: each wrong key."""
    lines = []
    for wrong in error.errors(include_url=False):
        key = ".".join(str(part) for part in wrong["loc"])
        if wrong["type"] == "extra_forbidden":
            known = ", ".join(CameraSettings.model_fields)
            lines.append(f"{key}: no such setting; a camera has {known}")
        else:
            plain = wrong["loc"][0] != "source" and isinstance(wrong["input"], int | float | str)
            lines.append(f"{key}: {wrong['msg']}" + (f", got {wrong['input']!r}" if plain else ""))
    return lines
