"""
The objects of one kind in a namespace, kept as they are by a thread that watches.

An unknown is no empty list: how long nothing has been heard is always told. While a watch stands, the
kernel probes its connection, so a silent one is alive.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from autoscaler.kubernetes_fleet.api import Api, ApiError, Json, Watch

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
GONE = 410

T = TypeVar("T")


class Read(Protocol[T]):
    """Reads a manifest as it was *seen_at*, an instant since the epoch; *before*: what was read last time."""

    def __call__(self, manifest: Json, before: T | None, seen_at: float) -> T: ...


class Watched(Generic[T]):
    """What the API server has. Any thread may look."""

    def __init__(self, api: Api, path: str, read: Read[T], changed: Callable[[], None]) -> None:
        """
        Args:
            path: Of the list.
            changed: Called on the watching thread after each change; returns at once.
        """
        self._api = api
        self._path = path
        self._read = read
        self._changed = changed
        self._version: str | None = None
        """Up to which everything is known; None: nothing is."""
        self._lost_at: float | None = -float("inf")
        """Since when nothing is heard, by the monotonic clock; None: a watch stands."""
        self._failing = False
        self._stop = threading.Event()
        self._watch: Watch | None = None
        self.objects: Mapping[str, T] = {}
        """By name; a new mapping with each change."""
        self._thread = threading.Thread(
            target=self._run, name=f"watch {path.rpartition('/')[2]}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def age_s(self, now: float) -> float:
        """How old `objects` may be, *now* by the monotonic clock; infinity: nothing was ever heard."""
        return 0.0 if (lost_at := self._lost_at) is None else now - lost_at

    def close(self) -> None:
        """End the thread. May be called again."""
        self._stop.set()
        if (watch := self._watch) is not None:
            with suppress(OSError, RuntimeError, ValueError):  # it has ended by itself meanwhile
                watch.stop()
        self._thread.join()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            began_at = time.monotonic()
            try:
                self._follow()
                failure = None
            except ApiError as error:
                failure = error
                self._version = None if error.status == GONE else self._version
            self._lost_at = time.monotonic() if self._lost_at is None else self._lost_at
            self._note(failure)
            if time.monotonic() - began_at > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
                if failure is None:
                    continue  # it has lasted for as long as watches do
            self._stop.wait(random.uniform(pause_s / 2, pause_s))  # noqa: S311  # no secret
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _follow(self) -> None:
        if self._version is None:
            self._list()
        watch = self._watch = self._api.watch(self._path, self._version or "")
        self._heard()
        if self._stop.is_set():
            watch.stop()
        for event in watch:
            self._take(event)

    def _list(self) -> None:
        answer, now = self._api.call("GET", self._path), time.time()
        before = self.objects
        manifests = {item["metadata"]["name"]: item for item in answer["items"]}
        self.objects = {
            name: self._read(manifest, before.get(name), now) for name, manifest in manifests.items()
        }
        self._version = answer["metadata"]["resourceVersion"]
        self._changed()

    def _take(self, event: Json) -> None:
        manifest = event["object"]
        self._version = manifest["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            return
        name = manifest["metadata"]["name"]
        others = {key: known for key, known in self.objects.items() if key != name}
        if event["type"] == "DELETED":
            self.objects = others
        else:
            self.objects = others | {name: self._read(manifest, self.objects.get(name), time.time())}
        self._changed()

    def _heard(self) -> None:
        self._lost_at = None
        self._note(None)
        self._changed()

    def _note(self, failure: ApiError | None) -> None:
        if failure is not None and failure.status != GONE and not self._failing and not self._stop.is_set():
            log.warning("not watched: %s", failure)
        if failure is None and self._failing:
            log.warning("%s: watched again", self._path)
        self._failing = failure is not None
