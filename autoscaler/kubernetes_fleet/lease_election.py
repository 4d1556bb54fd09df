"""
The election between the adapters of a cluster: who holds the Lease decides.

The client's own `leaderelection` was looked at: it blocks its caller, never lets go of a Lease, and
keeps its deadlines by the wall clock.
"""

import logging
import random
import threading
import time
from collections.abc import Callable

from autoscaler.adapter.election import RETRY_S
from autoscaler.kubernetes_fleet.api import Api, ApiError, Json
from autoscaler.kubernetes_fleet.lease import (
    GIVEN_UP_S,
    Lease,
    Sight,
    claim,
    may_take,
    read_lease,
    release,
    sighted,
)

log = logging.getLogger(__name__)

NAME = "autoscaler"
RENEW_S = 1.5
LOOK_S = 0.5
"""How often who does not hold it looks."""
TIMEOUT_S = 1.5
NOT_FOUND, CONFLICT = 404, 409


class LeaseElection:
    """Takes part from construction until `close`. Any thread may ask, and never waits."""

    def __init__(self, api: Api, me: str, now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            me: No other process has this name.
        """
        self._api = api
        self._me = me
        self._now = now
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{api.namespace}/leases"
        self._sight: Sight | None = None
        self._held_until = -float("inf")
        self._not_before = -float("inf")
        self._failing = False
        self._stop = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="election", daemon=True)
        self._thread.start()

    def held(self) -> bool:
        return self._now() < self._held_until

    def resign(self) -> None:
        self._not_before = self._now() + RETRY_S
        self._held_until = -float("inf")
        self._wake.set()

    def close(self) -> None:
        """Leave it to others at once. May be called again."""
        self._stop = True
        self.resign()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop:
            self._wake.clear()
            held = self.held()
            self._note(self._turn())
            if self.held() != held:
                log.info(
                    "%s the lease %s/%s", "holds" if self.held() else "has lost", self._api.namespace, NAME
                )
            pause_s = RENEW_S if self.held() else random.uniform(LOOK_S / 2, LOOK_S)  # noqa: S311  # no secret
            self._wake.wait(pause_s)
        self._note(self._turn())

    def _turn(self) -> ApiError | None:
        """Look at the Lease and do what follows; return what went wrong."""
        began_at = self._now()
        try:
            lease = self._look()
            if began_at < self._not_before:
                if lease is not None and lease.holder == self._me:
                    self._replace(lease, release(lease, time.time()))
            elif lease is None:
                self._create()
                self._held_until = began_at + GIVEN_UP_S
            elif self._sight is not None and may_take(self._sight, self._me, self._now()):
                self._replace(lease, claim(lease, self._me, time.time()))
                self._held_until = began_at + GIVEN_UP_S
            else:
                self._held_until = -float("inf")
        except ApiError as error:
            return None if error.status == CONFLICT else error  # somebody was quicker
        if began_at < self._not_before or self._now() < self._not_before:
            self._held_until = -float("inf")  # resigned meanwhile
        return None

    def _look(self) -> Lease | None:
        try:
            lease = read_lease(self._api.call("GET", f"{self._path}/{NAME}", timeout_s=TIMEOUT_S))
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            return None
        self._sight = sighted(self._sight, lease, self._now())
        return lease

    def _create(self) -> None:
        body = {"metadata": {"name": NAME}, "spec": claim(None, self._me, time.time())}
        self._api.call("POST", self._path, body, timeout_s=TIMEOUT_S)

    def _replace(self, lease: Lease, spec: Json) -> None:
        """Only if it is still as it was seen."""
        metadata = {"name": NAME, "resourceVersion": lease.version}
        body = {"metadata": metadata, "spec": spec}
        self._api.call("PUT", f"{self._path}/{NAME}", body, timeout_s=TIMEOUT_S)

    def _note(self, failure: ApiError | None) -> None:
        if failure is not None and not self._failing:
            log.warning("the lease %s/%s is out of reach: %s", self._api.namespace, NAME, failure)
        self._failing = failure is not None
