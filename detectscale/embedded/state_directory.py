"""The directory in which a server keeps what it must find again: one run at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from detectscale.embedded import EmbeddedError


@contextmanager
def claimed(directory: Path, *others: Path) -> Iterator[None]:
    """
    Make *directory* and *others*, and keep other runs out of *directory* for the length of the block.

    The kernel drops the claim with the process, however it ends; a file left over is no obstacle.

    Raises:
        EmbeddedError: Another run holds the directory, or it cannot be written.
    """
    try:
        for folder in (directory, *others):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("a+")
    except OSError as error:
        raise EmbeddedError(
            f"state directory {directory}: {error.strerror}: make it writable, or choose another"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise EmbeddedError(
                f"state directory {directory}: in use by process {lock.read()}: end it, or choose another"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
