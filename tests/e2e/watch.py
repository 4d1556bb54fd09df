"""What the API server says of objects, as it says it, with the instant at which it was heard."""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from tests.e2e.cluster.kubectl import Kubectl
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of a watch."""

    at: float
    """Seconds since the epoch, by this host's clock."""
    kind: str
    """ADDED, MODIFIED or DELETED."""
    body: dict[str, Any] = field(repr=False)
    """The object as it is now, or was when it was deleted."""

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])


class Watch:
    """
    Listens for the length of a `with` block, in a thread; begins anew when the API server ends it.

    Args:
        path: Of a list: `/apis/apps/v1/namespaces/detectscale/deployments`.
        selector: A query: `labelSelector=app=worker`.
    """

    def __init__(self, kubectl: Kubectl, path: str, selector: str = "") -> None:
        self._kubectl = kubectl
        self._path = f"{path}?watch=1&{selector}"
        self._closed = False
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)
        self.heard: list[Heard] = []
        """Oldest first. Begins with what there was, as ADDED; after a new beginning that comes again."""

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: self._process is not None)
        return self

    def __exit__(self, *exception: object) -> None:
        self._closed = True
        if self._process:
            self._process.kill()
        self._thread.join()

    def since(self, instant: float) -> list[Heard]:
        """What was heard from *instant* on."""
        return [heard for heard in list(self.heard) if heard.at >= instant]

    def first(self, wanted: Callable[[Heard], bool], since: float, within_s: float = 60.0) -> Heard:
        """Wait for the first event from *since* on that is *wanted*."""
        return until(lambda: next(filter(wanted, self.since(since)), None), within_s, 0.02)

    def _listen(self) -> None:
        while not self._closed:
            with self._kubectl.stream("get", "--raw", self._path) as process:
                self._process = process
                assert process.stdout
                for line in process.stdout:
                    at = time.time()
                    event = json.loads(line)
                    if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                        self.heard.append(Heard(at, event["type"], event["object"]))
            time.sleep(0.1)  # the API server is away


def replicas(heard: Heard) -> int:
    """How many a Deployment wants."""
    return int(heard.body["spec"].get("replicas", 1))
