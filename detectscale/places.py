"""
Where detectscale keeps things on this machine, and how its commands find each other.

`detectscale up` writes down where its servers listen; `publish`, `camera` and `results`
in another terminal read it, unless the settings name a broker and a Redis.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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

    def make(self) -> None:
        """Make the state directory, for this user alone: it holds images and addresses."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)

    @contextmanager
    def announced(self, settings: Settings) -> Iterator[None]:
        """Let other commands find the servers in *settings* for the length of the block."""
        note = Note(os.getpid(), str(settings.kafka.bootstrap_servers), str(settings.redis.url))
        draft = self._note.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(note)))
        draft.replace(self._note)  # a reader sees all of it or nothing
        try:
            yield
        finally:
            self._note.unlink(missing_ok=True)

    def connected(self, settings: Settings) -> Settings:
        """
        The settings, with the servers of a running `detectscale up` if they name no broker.

        Raises:
            ConfigError: They name none, and none runs.
        """
        if settings.kafka.bootstrap_servers:
            return settings
        note = self._read_note()
        if note is None:
            raise ConfigError(
                f"kafka.bootstrap_servers: not set, and no `detectscale up` runs with the state in "
                f"{self.state}; start one, or set DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS"
            )
        return reached(settings, note.bootstrap_servers, settings.redis.url or note.redis)

    def _read_note(self) -> "Note | None":
        """None when nobody is there: the note of a killed process does not count."""
        try:
            note = Note(**json.loads(self._note.read_text()))
        except FileNotFoundError:
            return None
        return note if Path(f"/proc/{note.process}").exists() else None

    @property
    def _note(self) -> Path:
        return self.state / "running.json"


@dataclass(frozen=True, slots=True)
class Note:
    """What a running `detectscale up` says of itself."""

    process: int
    bootstrap_servers: str
    redis: str


def reached(settings: Settings, bootstrap_servers: str | None, redis_url: str | None) -> Settings:
    """*settings* with these two servers."""
    return settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(update={"bootstrap_servers": bootstrap_servers}),
            "redis": settings.redis.model_copy(update={"url": redis_url}),
        }
    )
