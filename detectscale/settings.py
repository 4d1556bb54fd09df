"""
All settings: one YAML file, single keys overridden by the environment.

`manifests/base/config.yaml` is the file that the ConfigMap, the local runtime and the
tests read (a wheel carries it); `DETECTSCALE_SECTION__KEY=value` overrides a key (an
empty value is null), and secrets come only from there. A section is declared
beside the code it configures.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from autoscaler.policy_settings import PolicySettings
from frames.clients import KafkaSettings
from frames.errors import ConfigError
from frames.projection import RedisSettings
from frames.publisher import PublisherSettings
from frames.topics import TopicSettings
from workers.model import ModelSettings
from workers.worker_settings import WorkerSettings

PREFIX = "DETECTSCALE_"
CONFIG_VARIABLE = "DETECTSCALE_CONFIG"


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Every section; each has defaults that work on a laptop."""

    kafka: KafkaSettings = KafkaSettings()
    topics: TopicSettings = TopicSettings()
    redis: RedisSettings = RedisSettings()
    publisher: PublisherSettings = PublisherSettings()
    model: ModelSettings = ModelSettings()
    worker: WorkerSettings = WorkerSettings()
    policy: PolicySettings = PolicySettings()


def load_settings(file: Path | None, environment: Mapping[str, str]) -> Settings:
    """
    Read *file* (None: the one that came with detectscale) and the overrides in *environment*.

    Raises:
        ConfigError: Names the file, the key and the value that cannot be used.
    """
    file = file or default_file()
    raw = _read(file)
    for name, text in environment.items():
        section, separator, key = name.removeprefix(PREFIX).partition("__")
        if name.startswith(PREFIX) and separator:
            raw.setdefault(section.lower(), {})[key.lower()] = text or None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("; ".join(_lines(file.name, error))) from error


def default_file() -> Path:
    """The settings file of the wheel, or of the checkout this runs from."""
    here = Path(__file__).parent
    packaged = here / "config.yaml"
    return packaged if packaged.exists() else here.parent / "manifests" / "base" / "config.yaml"


def config_file(option: Path | None) -> Path | None:
    """The file named on the command line, else by `DETECTSCALE_CONFIG`, else None."""
    named = os.environ.get(CONFIG_VARIABLE)
    return option or (Path(named) if named else None)


def overrides(settings: Settings) -> dict[str, str]:
    """The environment that makes a child process read *settings*, secrets included, and nothing else."""
    environment: dict[str, str] = {}
    for section in Settings.model_fields:
        for key, value in getattr(settings, section).model_dump().items():
            plain = value.get_secret_value() if isinstance(value, SecretStr) else value
            environment[f"{PREFIX}{section}__{key}".upper()] = "" if plain is None else str(plain)
    return environment


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(file.read_text()) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}; name a settings file with --config") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict) or not all(isinstance(section, dict | None) for section in raw.values()):
        raise ConfigError(
            f"{file}: sections with keys are expected, such as `policy:` with `max_replicas: 4`"
        )
    return {name: dict(section or {}) for name, section in raw.items()}


def _lines(file: str, error: ValidationError) -> list[str]:
    """`config.yaml: policy.max_replicas: Input should be greater than 0, got 0`, one for each wrong key."""
    lines = []
    for wrong in error.errors(include_url=False):
        place = ".".join(str(part) for part in wrong["loc"])
        if wrong["type"] == "extra_forbidden":
            lines.append(f"{file}: {place}: no such setting")
        else:
            got = "" if "password" in place else f", got {wrong['input']!r}"
            lines.append(f"{file}: {place}: {wrong['msg'].removeprefix('Value error, ')}{got}")
    return lines
