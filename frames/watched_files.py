"""
Files that somebody replaces while we run: certificates that are renewed, tokens, keys.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from frames.errors import ConfigError

log = logging.getLogger(__name__)

T = TypeVar("T")
Stamp = tuple[int, int, int]


class WatchedFiles(Generic[T]):
    """What some files say, read again when they change. Any thread may ask."""

    def __init__(self, paths: Sequence[str], read: Callable[[], T], setting: str = "") -> None:
        """
        Args:
            read: Reads all of them; a `ConfigError` or `OSError` says that they do not fit together.
            setting: That names them, for an error that they are not there.

        Raises:
            ConfigError: They do not from the start.
        """
        self._paths = tuple(paths)
        self._read = read
        self._lock = threading.Lock()
        try:
            self._stamps = self._look()
            self._current = read()
        except OSError as error:
            named_by = f"{setting}: " if setting else ""
            raise ConfigError(f"{named_by}{error.filename}: {error.strerror}") from error

    def current(self) -> T:
        """What they say now; what they said before, while they are half written or gone."""
        with self._lock:
            try:
                stamps = self._look()
                if stamps != self._stamps:
                    self._stamps = stamps  # whatever comes of it, it is not tried again
                    self._current = self._read()
                    log.info("%s: read again", self._paths[0])
            except (ConfigError, OSError) as error:
                log.warning("%s: what was read before holds: %s", self._paths[0], error)
            return self._current

    def _look(self) -> tuple[Stamp | None, ...]:
        return tuple(map(_stamp, self._paths))


def _stamp(path: str) -> Stamp | None:
    """
    What changes with a file; None: it is not there.

    Kubernetes replaces a secret's files by moving a link, so it is the inode that tells.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
