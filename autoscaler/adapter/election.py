"""
Which replica of the adapter decides.

Two that decide at once do no harm for a moment: they see the same and decide the same. So an
election need not be perfect, only end.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

from frames.errors import ConfigError

RETRY_S = 5.0
"""Who has resigned leaves it to others for so long."""


class Election(Protocol):
    """Asked by several threads, often; an answer takes no time and never fails."""

    def held(self) -> bool:
        """Whether this process is the one; tries to become it where nobody is."""
        ...

    def resign(self) -> None:
        """Leave it to another for a while, if there is one: it may see what we cannot."""
        ...


class Alone:
    """There is no other."""

    def held(self) -> bool:
        return True

    def resign(self) -> None:
        pass


class FileElection:
    """Between processes of one machine: who has locked a file is the one, until it ends, however it ends."""

    def __init__(self, path: str, now: Callable[[], float] = time.monotonic) -> None:
        """
        Raises:
            ConfigError: There cannot be such a file.
        """
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"adapter.election_file: {path}: {error.strerror}") from error
        self._now = now
        self._lock = threading.Lock()
        self._held = False
        self._not_before = 0.0

    def held(self) -> bool:
        with self._lock:
            if not self._held and self._now() >= self._not_before:
                self._held = self._try()
            return self._held

    def resign(self) -> None:
        with self._lock:
            self._held = False
            self._not_before = self._now() + RETRY_S
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
