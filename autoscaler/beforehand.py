"""
What came before each worker's process: the phases of its pod, of which its own reports know nothing.

They are remembered when the pod is gone, as the reports are; and what is not remembered, after a
change of the autoscaler, is taken to be as its predecessor saw it.
"""

from collections.abc import Iterable, Mapping

from autoscaler.fleet import Replica
from autoscaler.learned import REMEMBERED
from autoscaler.observation import ColdStart
from frames.status import PHASES


class Beforehand:
    """Of the last workers seen. Not thread-safe."""

    def __init__(self, usual: ColdStart | None) -> None:
        """
        Args:
            usual: A cold start as whoever observed before saw it.
        """
        seen = usual.phases_s if usual is not None else {}
        self.usual = {phase: seconds for phase, seconds in seen.items() if phase not in PHASES}
        """Mean seconds of each phase; none: there are none, or nobody knows."""
        self.by_worker: Mapping[str, Mapping[str, float]] = {}
        """Seconds of each phase."""

    def note(self, replicas: Iterable[Replica]) -> None:
        """Remember those whose process runs."""
        new = {one.worker: one.phases_s for one in replicas if one.up and one.phases_s}
        if new.keys() - self.by_worker.keys():
            known = {**self.by_worker, **new}
            self.by_worker = {worker: known[worker] for worker in list(known)[-REMEMBERED:]}
