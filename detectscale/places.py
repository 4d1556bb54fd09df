"""
Where detectscale keeps things on this machine, and how its commands find each other.

`detectscale up` writes down where its servers listen; `publish`, `camera` and `results`
in another terminal read it, unless the settings name a broker and a Redis.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from detectscale.embedded.kafka_jars import default_cache_dir
from detectscale.settings import Settings
from frames.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Places:
    """Two directories: one for a run's state, one for what can be fetched or made again."""

    state: Path
    """Data and logs of embedded servers and workers."""
    cache: Path
    """Downloaded jars, compiled models, drawn frames."""

    @classmethod
    def of(cls, state_dir: Path | None) -> Self:
        """The usual directories (XDG base directory specification), or *state_dir* for the state."""
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return cls((state_dir or state / "detectscale").absolute(), default_cache_dir().absolute())

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def model_cache(self) -> Path:
        """Compiled models."""
        return self.cache / "models"

    @contextmanager
    def announced(self, settings: Settings) -> Iterator[None]:
        """Let other commands find the servers in *settings* for the length of the block."""
        note = {"bootstrap_servers": settings.kafka.bootstrap_servers, "redis": settings.redis.url}
        self.state.mkdir(parents=True, exist_ok=True)
        self._note.write_text(json.dumps(note))
        try:
            yield
        finally:
            self._note.unlink(missing_ok=True)

    def connected(self, settings: Settings) -> Settings:
        """
        The settings with the servers of a running `detectscale up` where none are named.

        Raises:
            ConfigError: None are named and none run.
        """
        if settings.kafka.bootstrap_servers and settings.redis.url:
            return settings
        try:
            note = json.loads(self._note.read_text())
        except FileNotFoundError as error:
            if settings.kafka.bootstrap_servers:
                return settings  # a worker, say, needs no Redis
            raise ConfigError(
                f"kafka.bootstrap_servers: not set, and no `detectscale up` runs with the state in "
                f"{self.state}; start one, or set DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS"
            ) from error
        return reached(
            settings,
            settings.kafka.bootstrap_servers or note["bootstrap_servers"],
            settings.redis.url or note["redis"],
        )

    @property
    def _note(self) -> Path:
        return self.state / "running.json"


def reached(settings: Settings, bootstrap_servers: str | None, redis_url: str | None) -> Settings:
    """*settings* with these two servers."""
    return settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(update={"bootstrap_servers": bootstrap_servers}),
            "redis": settings.redis.model_copy(update={"url": redis_url}),
        }
    )
