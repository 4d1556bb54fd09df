"""
All settings: one YAML file, single keys overridden by the environment.

`manifests/base/config.yaml` is the file that the ConfigMap, the local runtime and the
tests read (a wheel carries it); `DETECTSCALE_SECTION__KEY=value` overrides a key (an
empty value is null; a list or a mapping is written as in the file, `["s3://frames"]`), and
secrets come only from there. A section is declared beside the code it configures.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from autoscaler.adapter.settings import AdapterSettings
from autoscaler.policy_settings import PolicySettings
from frames.claim_check import ClaimCheckSettings
from frames.clients import KafkaSettings
from frames.errors import ConfigError
from frames.gateway.gateway_settings import GatewaySettings
from frames.projection import RedisSettings
from frames.publisher import PublisherSettings
from frames.topics import TopicSettings
from frames.trace_settings import TraceSettings
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
    gateway: GatewaySettings = GatewaySettings()
    claim_checks: ClaimCheckSettings = ClaimCheckSettings()
    model: ModelSettings = ModelSettings()
    worker: WorkerSettings = WorkerSettings()
    policy: PolicySettings = PolicySettings()
    adapter: AdapterSettings = AdapterSettings()
    traces: TraceSettings = TraceSettings()


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
            section, key = section.lower(), key.lower()
            raw.setdefault(section, {})[key] = _value(section, key, text)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(one_line(file.name, error)) from error
    settings.claim_checks.require_outliving(settings.topics)
    return settings


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
            environment[f"{PREFIX}{section}__{key}".upper()] = _text(value)
    return environment


def _value(section: str, key: str, text: str) -> Any:
    """What a variable says; a list or a mapping only where the setting takes no text, as passwords do."""
    if not text.startswith(("[", "{")):
        return text or None
    known: Any = Settings.model_fields[section].annotation if section in Settings.model_fields else None
    field = getattr(known, "model_fields", {}).get(key)
    try:
        TypeAdapter(Any if field is None else field.annotation).validate_python(text)
    except ValidationError:
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            why = " ".join(str(error).split())
            raise ConfigError(f"{PREFIX}{section}__{key}".upper() + f": not YAML: {why}") from error
    return text


def _text(value: Any) -> str:
    """The inverse of `_value`."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)  # \ud83d\ude00 is no character in YAML
    return "" if value is None else str(value)


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


def one_line(source: str, error: ValidationError) -> str:
    """`config.yaml: policy.max_replicas: Input should be greater than 0, got 0; ...`: each wrong key."""
    lines = []
    for wrong in error.errors(include_url=False):
        place = ".".join(str(part) for part in wrong["loc"])
        if wrong["type"] == "extra_forbidden":
            lines.append(f"{source}: {place}: no such setting")
        else:
            secret = "password" in place or "@" in str(wrong["input"])  # a URL may hold one too
            got = "" if secret else f", got {wrong['input']!r}"
            lines.append(f"{source}: {place}: {wrong['msg'].removeprefix('Value error, ')}{got}")
    return "; ".join(lines)
