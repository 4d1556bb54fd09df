"""
Anticipates KEDA where it is slow: writes the number that is wanted itself, upwards only.

At a push KEDA writes 1, and the HPA the rest at its next look, up to 15 s later.

From zero the number is written before the push. Done at the same instant, KEDA, whose cache still says
0, may write 1 over it; so the push waits until a watch shows the number, and `MARGIN_S` more.

With some running it is written after the decision was published. The HPA reads first the number and
then our metric (`reconcileAutoscaler`), and writes only if the number is the one that it read. So if
it reads ours it reads the metric too, and wants the same.

It is written only where the number is the one that was seen, whatever else of the Deployment has changed:
its status does, several times, in the moment after KEDA has written 1.

What is overwritten all the same is put back, once: whoever insists has a reason.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from autoscaler.errors import ObservationError
from autoscaler.kubernetes_fleet.api import ApiError, Json
from autoscaler.kubernetes_fleet.cluster import Cluster
from autoscaler.kubernetes_fleet.ownership import Deployment, ScaledObject

log = logging.getLogger(__name__)

WITHIN_S = 0.4
"""How long a push may be held back."""
MARGIN_S = 0.05
"""After which KEDA's cache shows what our watch shows (measured: 3 of 3; without it 3 of 5 stay)."""
PUT_BACK_S = 3.0
"""For how long it is looked whether the number stays."""
NOT_SO, CONFLICT = 422, 409
"""What a patch tests does not hold; the server itself was overtaken each time it tried."""


def surge_to(seen: Deployment, owner: ScaledObject | None, target: str, wanted: int) -> int | None:
    """
    What to write, where *wanted* replicas are; None: nothing.

    Nothing if no ScaledObject scales the Deployment by what *target* wants, or if a person has
    paused it. And the first replica is as quick by KEDA.
    """
    if owner is None or owner.held or target not in owner.targets:
        return None
    number = min(wanted, owner.max_replicas)
    return number if number > max(seen.replicas, 1) else None


class Surge:
    """One Deployment's. Any thread may call."""

    def __init__(
        self, cluster: Cluster, deployment: str, target: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._deployment = deployment
        self._target = target
        self._now = now
        self._lock = threading.Lock()
        self._wanted = 0
        self._writes = 0
        """Still allowed."""
        self._until = 0.0
        self._shown = False
        """A watch has shown the number since it was written."""
        cluster.listen(self._look)

    def rise(self, wanted: int) -> None:
        """More than before are wanted: *wanted*."""
        with self._lock:
            self._wanted, self._writes, self._shown = wanted, 2, False
            self._until = self._now() + PUT_BACK_S

    def fall(self) -> None:
        """Fewer are wanted: whatever was written holds no more."""
        with self._lock:
            self._writes = 0

    def from_zero(self) -> None:
        """If nobody is there, write the number now; return once a push may follow."""
        began_at = self._now()
        if not self._writes or self._seen() != 0 or not self._write(WITHIN_S):
            return
        if self._cluster.wait(lambda: bool(self._seen()), WITHIN_S - (self._now() - began_at)):
            time.sleep(MARGIN_S)

    def from_some(self) -> None:
        """If somebody is there, write the number soon; the decision is published."""
        if self._writes and self._seen() and not self._shown:
            self._cluster.acts.send(self._write)

    def _look(self) -> None:
        with self._lock:
            if not self._writes or self._now() > self._until:
                return
            seen = self._seen()
            if seen is None:
                return
            if seen >= self._wanted:
                self._shown = True
                return
            overwritten, self._shown = self._shown, False
        if overwritten:
            log.info("%s: %d replicas wanted, %d written by others", self._deployment, self._wanted, seen)
            self._cluster.acts.send(self._write)

    def _seen(self) -> int | None:
        try:
            return self._cluster.deployment(self._deployment).replicas
        except ObservationError:
            return None

    def _write(self, within_s: float = 1.0) -> bool:
        """Whether it was written. A number that somebody writes meanwhile is looked at first."""
        ends_at = self._now() + within_s
        while (left_s := ends_at - self._now()) > 0:
            try:
                seen = self._cluster.deployment(self._deployment)
                number = surge_to(seen, self._cluster.owner(self._deployment), self._target, self._wanted)
                if number is None or not self._writes:
                    return False
                self._cluster.api.patch(self._path(), _change(seen.replicas, number), left_s)
            except ObservationError:
                return False
            except ApiError as error:
                if error.status not in (NOT_SO, CONFLICT):
                    log.warning("%s: KEDA is not anticipated: %s", self._deployment, error)
                    return False
                if error.status == NOT_SO:
                    self._cluster.wait(partial(self._differs, seen.replicas), ends_at - self._now())
                continue
            with self._lock:
                self._writes -= 1
            return True
        return False

    def _differs(self, replicas: int) -> bool:
        return self._seen() not in (replicas, None)

    def _path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self._cluster.api.namespace}/deployments/{self._deployment}/scale"


def _change(seen: int, number: int) -> list[Json]:
    """From *seen* replicas, which a Scale leaves out where they are 0."""
    spec = {"replicas": seen} if seen else {}
    return [
        {"op": "test", "path": "/spec", "value": spec},
        {"op": "add", "path": "/spec/replicas", "value": number},
    ]
