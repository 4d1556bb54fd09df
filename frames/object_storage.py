"""
Folders (NFS mounts too) and buckets (S3, Google Cloud Storage), as places for large frames.

Both take the way to an object as plain names below a root (see `frames.dataref`). Below a
local root no symbolic link is followed: each folder is opened inside the one before, so
that nothing can be swapped between looking and opening.
"""

import errno
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from frames.dataref import Place
from frames.errors import ConfigError, UnavailableError
from frames.outcome import DeadReason

Names = Sequence[str]
"""The way from a root to an object or a folder in it."""


class ClaimCheckError(Exception):
    """The object cannot be had, ever; `reason` is what the frame's dead letter says."""

    def __init__(self, reason: DeadReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class StorageError(UnavailableError):
    """The storage does not answer or does not work; the object may well be there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a folder lists."""

    name: str
    modified_at: float | None
    """By the storage's clock, seconds since the epoch; None: a folder."""


class Storage(Protocol):
    """
    Objects below one root; any number of threads may use it.

    Any exception but those named means that the storage does not work.
    """

    def read(self, names: Names, max_bytes: int) -> bytes:
        """Raises ClaimCheckError: it is missing, too large, not for us, or no plain object."""
        ...

    def write(self, names: Names, data: bytes) -> None:
        """Make an object: whoever reads it sees all of it or nothing."""
        ...

    def entries(self, names: Names) -> list[Entry]:
        """What lies directly in a folder."""
        ...

    def delete(self, names: Names) -> None:
        """Delete an object; one that is gone already is fine."""
        ...

    def prune(self, names: Names) -> None:
        """Delete a folder if it is empty."""
        ...


def open_storage(root: Place, timeout_s: float) -> Storage:
    """
    The storage at *root*; nothing is looked up yet.

    Raises:
        ConfigError: Its client is not installed.
    """
    return Folder("/" + "/".join(root.names)) if root.scheme == "file" else Bucket(root, timeout_s)


class Folder:
    """A folder of this machine; it must be there (one that is made here hides an unmounted disk)."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self, names: Names, max_bytes: int) -> bytes:
        # O_NONBLOCK: a named pipe without a writer would keep us waiting.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
        with (
            self._folder() as root,
            _refusals(),
            _below(root, names[:-1]) as folder,
            _closing(os.open(names[-1], flags, dir_fd=folder)) as descriptor,
        ):
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ClaimCheckError(DeadReason.DATAREF_NOT_ALLOWED, "the dataref names no regular file")
            _require_size(status.st_size, max_bytes)
            with open(descriptor, "rb", closefd=False) as file:
                image = file.read(status.st_size + 1)
        _require_size(len(image), max_bytes)
        return image

    def write(self, names: Names, data: bytes) -> None:
        draft = f".{names[-1]}.draft"
        with self._folder() as root, _below(root, names[:-1], make=True) as folder:
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                with open(os.open(draft, flags, 0o640, dir_fd=folder), "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(draft, names[-1], src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(draft, dir_fd=folder)
                raise
            os.fsync(folder)

    def entries(self, names: Names) -> list[Entry]:
        with self._folder() as root, _below(root, names) as folder, os.scandir(folder) as found:
            return [_entry(item) for item in found]

    def delete(self, names: Names) -> None:
        with self._folder() as root, _below(root, names[:-1]) as folder, suppress(FileNotFoundError):
            os.unlink(names[-1], dir_fd=folder)

    def prune(self, names: Names) -> None:
        with self._folder() as root, _below(root, names[:-1]) as folder, suppress(OSError):
            os.rmdir(names[-1], dir_fd=folder)

    @contextmanager
    def _folder(self) -> Iterator[int]:
        """The root, opened."""
        try:
            root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise StorageError(
                f"claim_checks.roots: {self._path}: {error.strerror}; is it there, and mounted?"
            ) from error
        with _closing(root):
            yield root


class Bucket:
    """A bucket, or a part of one; its client reads credentials and endpoint from the environment."""

    def __init__(self, root: Place, timeout_s: float) -> None:
        package, self._options = _CLIENTS[root.scheme]
        if find_spec(package) is None:
            raise ConfigError(
                f"claim_checks.roots: {root} needs {package}; "
                f"install it: pip install 'detectscale[{package.removesuffix('fs')}]'"
            )
        self._root = root
        self._timeout_s = timeout_s
        self._connecting = threading.Lock()
        self._connected: Any = None

    def read(self, names: Names, max_bytes: int) -> bytes:
        key = self._key(names)
        with _refusals():
            status = self._client.info(key)
            if status["type"] != "file":
                raise ClaimCheckError(DeadReason.DATAREF_NOT_FOUND, "the dataref names a folder")
            _require_size(status["size"], max_bytes)
            # An empty object has no range to ask for.
            image: bytes = self._client.cat_file(key, start=0, end=max_bytes + 1) if status["size"] else b""
        _require_size(len(image), max_bytes)
        return image

    def write(self, names: Names, data: bytes) -> None:
        self._client.pipe_file(self._key(names), data)

    def entries(self, names: Names) -> list[Entry]:
        try:
            found = self._client.ls(self._key(names), detail=True, refresh=True)
        except FileNotFoundError:  # a prefix without objects does not exist
            return []
        return [_listed(item) for item in found]

    def delete(self, names: Names) -> None:
        with suppress(FileNotFoundError):
            self._client.rm_file(self._key(names))

    def prune(self, names: Names) -> None:
        """Nothing to do: a bucket has no folders of its own."""

    def _key(self, names: Names) -> str:
        return "/".join((*self._root.names, *names))

    @property
    def _client(self) -> Any:
        """The client, made when it is first used: its libraries take a second to load."""
        with self._connecting:
            if self._connected is None:
                import fsspec

                client = fsspec.filesystem(
                    self._root.scheme,
                    skip_instance_cache=True,
                    use_listings_cache=False,
                    **self._options(self._timeout_s),
                )
                client.retries = 1  # whoever asks retries, and knows for how long
                self._connected = client
            return self._connected


def _s3_options(timeout_s: float) -> dict[str, Any]:
    retries = {"total_max_attempts": 2}  # the second for a connection that was closed while idle
    return {"config_kwargs": {"connect_timeout": timeout_s, "read_timeout": timeout_s, "retries": retries}}


_CLIENTS = {"s3": ("s3fs", _s3_options), "gs": ("gcsfs", lambda timeout_s: {"timeout": timeout_s})}
"""By scheme: the package that speaks it, and its options."""


@contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _below(root: int, names: Names, *, make: bool = False) -> Iterator[int]:
    """The folder *names* below the folder opened as *root*; with *make*, missing ones are made."""
    at = os.dup(root)
    try:
        for name in names:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o750, dir_fd=at)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        yield at
    finally:
        os.close(at)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what will be no different next time from a storage that does not work."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in (errno.ENAMETOOLONG, errno.ENXIO):
            raise ClaimCheckError(
                DeadReason.DATAREF_NOT_FOUND, "there is no object under the dataref; has it expired?"
            ) from error
        if isinstance(error, PermissionError):
            raise ClaimCheckError(
                DeadReason.DATAREF_FORBIDDEN, "the storage refuses to show the object; may we read there?"
            ) from error
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ClaimCheckError(
                DeadReason.DATAREF_NOT_ALLOWED, "the dataref leads over a symbolic link or a file"
            ) from error
        raise


def _require_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise ClaimCheckError(
            DeadReason.IMAGE_TOO_LARGE, f"the object has {size} bytes or more; {max_bytes} are allowed"
        )


def _entry(item: "os.DirEntry[str]") -> Entry:
    is_folder = item.is_dir(follow_symlinks=False)
    return Entry(item.name, None if is_folder else item.stat(follow_symlinks=False).st_mtime)


def _listed(item: dict[str, Any]) -> Entry:
    name = item["name"].rstrip("/").rpartition("/")[2]
    if item["type"] == "directory":
        return Entry(name, None)
    modified_at = item.get("LastModified") or item["mtime"]  # as s3fs and as gcsfs calls it
    return Entry(name, modified_at.timestamp())
