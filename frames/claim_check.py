"""
Claim checks: a frame too large for a record lies in a storage, and its record says where.

A record is hostile until proven otherwise: `ce_dataref` may only name objects below the
allow-listed roots, and nothing else is opened or even looked at.
"""

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from pydantic import BaseModel, PositiveFloat, PositiveInt, field_validator

from frames.dataref import Place
from frames.errors import ConfigError
from frames.event import Frame
from frames.object_storage import ClaimCheckError, Storage, StorageError, open_storage
from frames.outcome import DeadReason
from frames.topics import TopicSettings

__all__ = ["ClaimCheckError", "ClaimCheckSettings", "ClaimChecks", "StorageError"]

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_CALLS = 8
"""Calls of a storage under way at a time; those of a stalled mount cannot be ended, and stay."""
MAX_DELETED = 1000
"""Objects that one clean-up deletes at most."""
CLEAN_EVERY_S = 60.0

_SHARD = re.compile(r"\d{4}-\d\d-\d\dT\d\d")
_OBJECT = re.compile(r"[0-9a-f]{32}|\.[0-9a-f]{32}\.draft")
"""What `put` names its objects, and those it could not finish."""


class ClaimCheckSettings(BaseModel, frozen=True, extra="forbid"):
    """Frames outside of Kafka: the `claim_checks` section of the settings."""

    roots: tuple[str, ...] = ()
    """
    Where frames may lie: `s3://bucket/folder`, `gs://bucket/folder` or an absolute local folder.

    Publishers write below the first one; workers read below all. None: no claim checks.
    """
    max_bytes: PositiveInt = 64 * 1024 * 1024
    """Largest object that is written or opened."""
    ttl_s: PositiveFloat = 86_400.0
    """
    Objects older than this are deleted, within the hour; longer than `topics.frames_retention_s`.

    A dead letter that is sent again later than this finds no image.
    """
    timeout_s: PositiveFloat = 10.0
    """How long a storage may take for one object."""

    @field_validator("roots")
    @classmethod
    def _readable(cls, roots: tuple[str, ...]) -> tuple[str, ...]:
        for root in roots:
            Place.of_root(root)
        return roots

    def require_outliving(self, topics: TopicSettings) -> None:
        """Raise ConfigError if objects would be deleted while frames that name them may still wait."""
        if self.roots and self.ttl_s <= topics.frames_retention_s:
            raise ConfigError(
                f"claim_checks.ttl_s: must be above topics.frames_retention_s {topics.frames_retention_s:g}, "
                f"got {self.ttl_s:g}: frames would wait for images that are deleted"
            )


class ClaimChecks:
    """
    Writes, reads and deletes the images of large frames. Any number of threads may use it.

    Raises:
        ConfigError: The client of a root's storage is not installed.
    """

    def __init__(self, settings: ClaimCheckSettings) -> None:
        self._settings = settings
        places = [Place.of_root(root) for root in settings.roots]
        self._roots = [(place, open_storage(place, settings.timeout_s)) for place in places]
        self._slots = threading.BoundedSemaphore(MAX_CALLS)

    def open(self, frame: Frame) -> bytes:
        """
        The image of *frame*, from wherever it lies.

        Raises:
            ClaimCheckError: It cannot be had, ever. StorageError: The storage does not work; try again.
        """
        return frame.image if frame.image or frame.dataref is None else self.resolve(frame.dataref)

    def resolve(self, dataref: str) -> bytes:
        """
        The object that *dataref* names; no message repeats the URL, which may hold a secret.

        Raises:
            ClaimCheckError: DATAREF_NOT_ALLOWED: it lies below no root, and was not looked at;
                DATAREF_NOT_FOUND; DATAREF_FORBIDDEN; IMAGE_TOO_LARGE.
            StorageError: The storage does not answer, or does not work.
        """
        try:
            place = Place.of_dataref(dataref)
        except ValueError as error:
            raise ClaimCheckError(DeadReason.DATAREF_NOT_ALLOWED, f"dataref: {error}") from None
        for root, storage in self._roots:
            if place.below(root):
                names = place.names[len(root.names) :]
                return self._answer(root, partial(storage.read, names, self._settings.max_bytes))
        raise ClaimCheckError(
            DeadReason.DATAREF_NOT_ALLOWED, "the dataref lies outside of claim_checks.roots"
        )

    def put(self, image: bytes, now: float) -> str:
        """
        Write *image* under a name that cannot be guessed (128 random bits), and return its dataref.

        Args:
            now: Seconds since the epoch; objects lie in a folder for each hour (UTC).

        Raises:
            StorageError: It was not written.
        """
        root, storage = self._first
        names = (_shard(now), secrets.token_hex(16))
        self._answer(root, partial(storage.write, names, image))
        return str(Place(root.scheme, root.names + names))

    def delete_expired(self, now: float) -> int:
        """
        Delete at most MAX_DELETED objects of `put` that are older than `ttl_s`; return how many.

        Only the hours that are over are listed, and an object's age is by the storage's clock:
        neither a publisher's wrong one nor another's file below the root does harm.

        Raises:
            StorageError: The storage does not work.
        """
        root, storage = self._first
        try:
            return _delete_older(storage, now - self._settings.ttl_s)
        except Exception as error:
            raise _not_working(root, error) from error

    @property
    def _first(self) -> tuple[Place, Storage]:
        if not self._roots:
            raise ConfigError("claim_checks.roots: not set; name a folder or a bucket for large frames")
        return self._roots[0]

    def _answer(self, root: Place, call: Callable[[], T]) -> T:
        """The result of *call*, on a thread of its own, since a stalled mount cannot be interrupted."""
        timeout_s = self._settings.timeout_s
        late = StorageError(f"claim_checks.roots: {root} does not answer within {timeout_s:g} s")
        if not self._slots.acquire(timeout=timeout_s):
            raise late
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(call())
            except BaseException as error:
                answer.set_exception(error)
            finally:
                self._slots.release()

        threading.Thread(target=run, name="claim-check", daemon=True).start()
        try:
            return answer.result(timeout_s)
        except ClaimCheckError:
            raise
        except TimeoutError as error:
            raise late from error
        except Exception as error:  # each client has errors of its own
            raise _not_working(root, error) from error


def start_cleaning(settings: ClaimCheckSettings, stop: threading.Event) -> None:
    """
    Delete expired objects on a thread of its own until *stop*; without roots there is nothing to do.

    Raises:
        ConfigError: The client of a root's storage is not installed.
    """
    if settings.roots:
        checks = ClaimChecks(settings)
        threading.Thread(target=_clean, args=(checks, stop), name="clean-up", daemon=True).start()


def _clean(checks: ClaimChecks, stop: threading.Event) -> None:
    works = True
    while not stop.is_set():
        deleted = 0
        try:
            deleted = checks.delete_expired(time.time())
            works = True
        except StorageError as error:
            if works:
                log.warning("clean-up: %s; trying until it works", error)
            works = False
        if deleted < MAX_DELETED:
            stop.wait(CLEAN_EVERY_S)


def _delete_older(storage: Storage, before: float) -> int:
    deleted = 0
    for shard in sorted(entry.name for entry in storage.entries(()) if entry.modified_at is None):
        if not _SHARD.fullmatch(shard) or shard > _shard(before):
            continue
        for entry in storage.entries((shard,)):
            if deleted == MAX_DELETED:
                return deleted
            if entry.modified_at is not None and entry.modified_at < before and _OBJECT.fullmatch(entry.name):
                storage.delete((shard, entry.name))
                deleted += 1
        if shard < _shard(before):
            storage.prune((shard,))
    return deleted


def _shard(at: float) -> str:
    """
    The folder of an instant.

    >>> _shard(0.0)
    '1970-01-01T00'
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H")


def _not_working(root: Place, error: Exception) -> StorageError:
    """In one line; a client's own message may hold what is secret."""
    if isinstance(error, StorageError):
        return error
    why = f"{type(error).__name__} {getattr(error, 'strerror', None) or ''}".strip()
    return StorageError(f"claim_checks.roots: {root} does not work: {why}")
