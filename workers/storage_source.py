"""
A model in object storage, by fsspec: S3, Google Cloud Storage.

Credentials and endpoints come from where the back end always looks for them (for S3 the
variables `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …, a profile, or the pod's identity).
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from frames.errors import ConfigError, DetectscaleError, UnavailableError
from workers.model_source import OnProgress, manifest_name

EXTRAS = {"s3": "s3", "gs": "gcs", "gcs": "gcs"}
"""By protocol, the extra of ours that brings its package."""
S3_CLIENT = {"connect_timeout": 5, "read_timeout": 15, "retries": {"total_max_attempts": 2}}
"""Seconds, as botocore calls them; the second attempt is for a connection that was closed while idle."""
CHUNK_BYTES = 1 << 20
"""Written and told of at a time."""
BLOCK_BYTES = 8 << 20
"""Asked of the store at a time."""


@dataclass(frozen=True, slots=True)
class StorageSource:
    """An object in storage, or all objects under a prefix, by fsspec."""

    url: str
    """Without a trailing slash."""

    @property
    def name(self) -> str:
        return PurePosixPath(self.url).name

    def version(self) -> str:
        try:
            storage, path = self._storage()
            marks = [(found["name"], storage.ukey(found["name"])) for found in self._files(storage, path)]
        except Exception as error:
            raise self._translated(error) from error
        return f"{self.url} {marks}"

    def manifest(self) -> bytes | None:
        try:
            storage, path = self._storage()
            folder = path.rpartition("/")[0]
            content: bytes = storage.cat_file(f"{folder}/{manifest_name(self.name)}")
        except FileNotFoundError:
            return None
        except PermissionError as error:
            if self._is_readable():
                return None  # S3 says so of an object that is not there, to those who may not list
            raise self._translated(error) from error
        except Exception as error:
            raise self._translated(error) from error
        return content

    def _is_readable(self) -> bool:
        try:
            storage, path = self._storage()
            self._files(storage, path)
        except PermissionError:
            return False
        except Exception as error:
            raise self._translated(error) from error
        return True

    def fetch(self, folder: Path, on_progress: OnProgress) -> None:
        try:
            storage, path = self._storage()
            files = self._files(storage, path)
        except Exception as error:
            raise self._translated(error) from error
        total, arrived = sum(int(found["size"]) for found in files), 0

        def on_bytes(count: int) -> None:
            nonlocal arrived
            arrived += count
            on_progress(arrived / total if total else None)

        for found in files:
            inside = PurePosixPath(found["name"]).relative_to(PurePosixPath(path))
            if ".." in inside.parts:
                raise ConfigError(f"model.path: {self.url}: an object there is called {inside}; refused")
            target = folder / self.name / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            self._copy(storage, found, target, on_bytes)

    def _copy(
        self, storage: Any, found: dict[str, Any], target: Path, on_bytes: Callable[[int], None]
    ) -> None:
        """Write one object; a shorter or longer one than promised is a torn one."""
        try:
            remote = storage.open(found["name"], "rb", block_size=BLOCK_BYTES)
        except Exception as error:
            raise self._translated(error) from error
        with remote, target.open("wb") as file:
            while chunk := self._read(remote):
                file.write(chunk)
                on_bytes(len(chunk))
        if target.stat().st_size != found["size"]:
            raise UnavailableError(
                f"model.path: {self.url}: {target.stat().st_size} of {found['size']} bytes arrived"
            )

    def _read(self, remote: Any) -> bytes:
        try:
            chunk: bytes = remote.read(CHUNK_BYTES)
        except Exception as error:
            raise self._translated(error) from error
        return chunk

    def _storage(self) -> tuple[Any, str]:
        """A client of our own: what a shared one remembers may be old, and its connection broken."""
        import fsspec.core

        options = {"config_kwargs": S3_CLIENT} if self.url.startswith("s3://") else {}
        storage, path = fsspec.core.url_to_fs(
            self.url, skip_instance_cache=True, use_listings_cache=False, **options
        )
        storage.retries = 1  # whoever asks retries, and knows for how long
        return storage, path

    def _files(self, storage: Any, path: str) -> list[dict[str, Any]]:
        found = storage.info(path)
        if found["type"] == "file":
            return [found]
        inside = storage.find(path, detail=True)
        files = [file for file in inside.values() if file["type"] == "file"]
        if not files:
            raise FileNotFoundError(path)
        return files

    def _translated(self, error: Exception) -> DetectscaleError:
        """
        Say it in our words. Every back end raises errors of its own (botocore, aiohttp, gcsfs),
        hence the wide catches; what is not known to last may pass.
        """
        place = f"model.path: {self.url}"
        scheme = urlsplit(self.url).scheme
        if isinstance(error, ImportError):
            return ConfigError(f"{place}: needs another package: pip install 'detectscale[{EXTRAS[scheme]}]'")
        if isinstance(error, FileNotFoundError):
            return ConfigError(f"{place}: no such object")
        if isinstance(error, PermissionError) or type(error).__name__ == "NoCredentialsError":
            return ConfigError(
                f"{place}: access denied; check the credentials in the environment, and what they may read"
            )
        reason = (isinstance(error, OSError) and error.errno and errno.errorcode.get(error.errno)) or ""
        return UnavailableError(
            f"{place}: the store does not answer: {type(error).__name__} {reason}".rstrip()
        )
