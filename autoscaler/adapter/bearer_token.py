"""
The bearer token of the HTTP door.
"""

import hmac
from pathlib import Path

from frames.errors import ConfigError
from frames.watched_files import WatchedFiles

LEAST_BYTES = 16


class Token:
    """Knows the token; it is read again when its file changes."""

    def __init__(self, file: str) -> None:
        """
        Raises:
            ConfigError: The file is not there, or holds no token worth the name.
        """
        self._file = WatchedFiles([file], lambda: _read(file))

    def matches(self, authorization: str | None) -> bool:
        """Whether this is the header of somebody who knows it; takes as long whether or not it is."""
        scheme, _, given = (authorization or "").partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self._file.current())
        return same and scheme.lower() == "bearer"


def _read(file: str) -> bytes:
    token = Path(file).read_bytes().strip()
    if len(token) < LEAST_BYTES:
        raise ConfigError(f"{file}: a token of at least {LEAST_BYTES} bytes is expected, got {len(token)}")
    return token
