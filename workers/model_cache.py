"""
Models that were fetched, by their digest, so that the next start needs no network.

    fetched/DIGEST/yolo.onnx       and its manifest beside it
    fetched/versions/KEY           the digest of what somebody trusts without knowing one

A model is fetched into a folder of its own, `fetched/partial-…`, and renamed when it is whole,
checked and on the disk. Until then nobody sees it: neither a torn download nor a full
disk nor a kill leaves an entry. Any number of processes may do this at once; the first one to
rename wins. The folder of a process that was killed is removed by the next one that
fetches: its owner holds a lock on it (flock(2)), which ends with the process.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from frames.errors import UnavailableError
from workers.model_digest import digest_of

KEPT = 4
"""Models that stay; of more, those go that nobody has used for the longest."""
FULL = (errno.ENOSPC, errno.EDQUOT)


class ModelCache:
    """A folder of fetched models; other processes may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "fetched"

    def find(self, digest: str, name: str) -> Path | None:
        """The model *name* with *digest*, checked anew; None if it is not here, or damaged."""
        path = self._folder / digest / name
        try:
            if digest_of(path) != digest:
                return None
        except OSError:
            return None
        with suppress(OSError):  # a folder that we may only read
            os.utime(path.parent)  # it was used now
        return path

    def last_digest(self, version: str) -> str | None:
        """The digest that *version* of a source had when it was fetched; None if it never was."""
        try:
            return self._note(version).read_text()
        except OSError:
            return None

    @contextmanager
    def partial(self) -> Iterator[Path]:
        """
        An empty folder to fetch into; gone after the block, unless it was kept.

        Raises:
            UnavailableError: The disk is full. All other models were removed: worth another try.
        """
        with self._writing():
            folder, lock = self._own_folder()
            try:
                yield folder
            finally:
                os.close(lock)
                shutil.rmtree(folder, ignore_errors=True)

    def remember(self, partial: Path, version: str, digest: str) -> None:
        """Note that *version* of a source has *digest*."""
        draft = partial / "version"
        draft.write_text(digest)
        self._note(version).parent.mkdir(exist_ok=True)
        draft.replace(self._note(version))

    def keep(self, partial: Path, digest: str, name: str) -> Path:
        """Make the checked model *name* in *partial* the one with *digest*; return where it is now."""
        for file in partial.rglob("*"):
            _flush(file)
        target = self._folder / digest
        while True:
            try:
                partial.rename(target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                if found := self.find(digest, name):
                    return found  # another process was first
                _discard(target)
            else:
                _flush(self._folder)
                self._evict(KEPT)
                return target / name

    def _note(self, version: str) -> Path:
        return self._folder / "versions" / hashlib.sha256(version.encode()).hexdigest()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in FULL:
                self._evict(0)
            raise UnavailableError(
                f"model cache: {self._folder}: cannot be written: {error.strerror}; "
                "it needs space for one model, and the right to write"
            ) from error

    def _evict(self, kept: int) -> None:
        """Remove all models but the *kept* that were used last."""
        entries = {}
        for entry in self._folder.glob("[0-9a-f]" * 64):
            with suppress(OSError):
                entries[entry] = entry.stat().st_mtime
        for entry in sorted(entries, key=lambda entry: entries[entry], reverse=True)[kept:]:
            _discard(entry)

    def _own_folder(self) -> tuple[Path, int]:
        """A new folder and the lock on it, after removing those that nobody holds a lock on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        gate = _locked(self._folder)  # so that nobody sees a folder without its lock
        try:
            for folder in self._folder.glob("partial-*"):
                with suppress(OSError):  # its owner lives
                    os.close(_locked(folder, fcntl.LOCK_NB))
                    shutil.rmtree(folder, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(dir=self._folder, prefix="partial-"))
            return folder, _locked(folder)
        finally:
            os.close(gate)


def _locked(folder: Path, flags: int = 0) -> int:
    """A descriptor that holds the lock on *folder* until it is closed."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _discard(entry: Path) -> None:
    """Remove a model at once for all who look, then its bytes."""
    grave = entry.with_name(f"partial-{uuid4().hex}")
    with suppress(OSError):
        entry.rename(grave)
    shutil.rmtree(grave, ignore_errors=True)


def _flush(path: Path) -> None:
    """Bring a file or a folder's list of names to the disk, so that a power cut cannot tear it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
