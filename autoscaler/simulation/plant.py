"""
The virtual world: a topic, the workers of its group, and the cluster that starts and ends them.

It moves by events, of which there are at most two to a batch and none to a record: an
idle worker sleeps until its next record arrives.
"""

import math
import random
from functools import partial

from autoscaler.simulation.agenda import Agenda
from autoscaler.simulation.topic import Topic
from autoscaler.simulation.virtual_worker import VirtualWorker, release_order
from autoscaler.simulation.workload import Workload
from frames.status import BatchSums, WorkerState

RECONCILE_S = 1.0
"""From a changed replica count until the cold start proper of a new pod begins."""
PROGRESS_CV = 0.2
"""Coefficient of variation of what a worker says to be left of its start, over what is left (a guess)."""


class Plant:
    """One run's world. Scalers look at it and call `scale`."""

    def __init__(self, workload: Workload, agenda: Agenda, seed: int) -> None:
        self.workload = workload
        self.agenda = agenda
        self.topic = Topic(workload.arrivals, workload.partitions, seed)
        self.workers: list[VirtualWorker] = []
        """Those that exist, oldest first."""
        self.gone: list[VirtualWorker] = []
        self.starts = 0
        """Workers that were started, also those that were given up before they were ready."""
        self.cold_starts_s: list[float] = []
        """Of each worker that became ready, as it took."""
        self.batches = BatchSums()
        self.done_at = [math.inf] * len(workload.arrivals)
        """Instant of each record's commit; inf: it is still to come, or the record was dropped."""
        self.expired: set[int] = set()
        """Records that were dropped."""
        self._starts = random.Random(f"cold starts {seed}")  # noqa: S311  # repeatable, not secret
        self._noise = random.Random(f"batches {seed}")  # noqa: S311  # repeatable, not secret
        self._reports = random.Random(f"reports {seed}")  # noqa: S311  # repeatable, not secret
        self._paused_until = 0.0

    @property
    def staying(self) -> list[VirtualWorker]:
        """Those that were not told to leave."""
        return [worker for worker in self.workers if worker.state is not WorkerState.DRAINING]

    @property
    def members(self) -> list[VirtualWorker]:
        """Those among which the partitions are shared."""
        return [worker for worker in self.workers if worker.state is WorkerState.READY]

    def scale(self, replicas: int) -> None:
        """Have *replicas* workers, but no more than there are partitions."""
        replicas = min(replicas, self.workload.partitions)
        staying = self.staying
        for _ in range(replicas - len(staying)):
            self._create()
        for worker in release_order(staying, self.agenda.now)[: max(len(staying) - replicas, 0)]:
            self._release(worker)

    def have_ready(self, replicas: int) -> None:
        """Have at least *replicas* workers, but no more than there are partitions, without a cold start."""
        for _ in range(min(replicas, self.workload.partitions) - len(self.workers)):
            self._join(self._add())

    def _add(self) -> VirtualWorker:
        worker = VirtualWorker(len(self.workers) + len(self.gone), self.agenda.now)
        self.workers.append(worker)
        return worker

    def _create(self) -> None:
        self.starts += 1
        law, worker = self.workload.cold_start, self._add()
        takes_s = law.draw(self._starts)
        worker.runs_at = self.agenda.now + RECONCILE_S + min(law.silent_s, takes_s)
        worker.ready_at = self.agenda.now + RECONCILE_S + takes_s
        if self.workload.starts_report:
            worker.misjudged = _around_1(PROGRESS_CV, self._reports)
        self.agenda.call_at(worker.ready_at, partial(self._started, worker))

    def _started(self, worker: VirtualWorker) -> None:
        if worker.state is WorkerState.STARTING:
            self.cold_starts_s.append(self.agenda.now - worker.created_at)
            self._join(worker)

    def _join(self, worker: VirtualWorker) -> None:
        worker.state = WorkerState.READY
        worker.idle_since = self.agenda.now
        self._rebalance()

    def _release(self, worker: VirtualWorker) -> None:
        was_member = worker.state is WorkerState.READY
        worker.state = WorkerState.DRAINING
        worker.left_at = self.agenda.now
        if not worker.batch:
            self._end(worker)
        if was_member:
            self._rebalance()

    def _end(self, worker: VirtualWorker) -> None:
        worker.gone_at = self.agenda.now
        self.workers.remove(worker)
        self.gone.append(worker)

    def _rebalance(self) -> None:
        """Stop beginning batches for a while. A change meanwhile makes it begin anew."""
        self._paused_until = self.agenda.now + self.workload.rebalance_s
        self.agenda.call_at(self._paused_until, self._rebalanced)

    def _rebalanced(self) -> None:
        if self.agenda.now < self._paused_until:
            return
        members = self.members
        for place, worker in enumerate(members):
            worker.heads = self.topic.heads(range(place, self.topic.partitions, len(members)))
        for worker in members:
            self._begin(worker)

    def _begin(self, worker: VirtualWorker) -> None:
        """Let *worker* take what waits for it, or sleep until something does."""
        now = self.agenda.now
        if worker.batch or not worker.heads or now < self._paused_until:
            return
        self._expire(worker)
        worker.batch = self.topic.take(worker.heads, self.workload.max_batch, now)
        if worker.batch:
            worker.batch_began_at = now
            worker.wakes_at = math.inf
            self.agenda.call_at(now + self._batch_s(len(worker.batch)), partial(self._finish, worker))
        else:
            worker.wakes_at = self.topic.arrived_at[worker.heads[0]]
            self.agenda.call_at(worker.wakes_at, partial(self._wake, worker))

    def _expire(self, worker: VirtualWorker) -> None:
        """Drop what is too old, which takes no time."""
        if self.workload.max_age_s is not None:
            appended_by = self.agenda.now - self.workload.max_age_s
            expired = self.topic.take(worker.heads, self.topic.appended(appended_by), appended_by)
            self.topic.commit(expired)
            self.expired.update(expired)

    def _wake(self, worker: VirtualWorker) -> None:
        if worker.wakes_at == self.agenda.now and worker.state is WorkerState.READY:
            self._begin(worker)

    def _finish(self, worker: VirtualWorker) -> None:
        now = self.agenda.now
        for record in worker.batch:
            self.done_at[record] = now
        self.topic.commit(worker.batch)
        self.batches = self.batches.plus(len(worker.batch), now - worker.batch_began_at)
        worker.batch = []
        worker.idle_since = now
        if worker.state is WorkerState.DRAINING:
            self._end(worker)
        else:
            self._begin(worker)

    def _batch_s(self, size: int) -> float:
        mean = self.workload.service.fixed_s + self.workload.service.per_record_s * size
        return mean * _around_1(self.workload.cv, self._noise)


def _around_1(cv: float, rng: random.Random) -> float:
    """A log-normal number of mean 1 and coefficient of variation *cv*."""
    sigma = math.sqrt(math.log(1 + cv**2))
    return rng.lognormvariate(-(sigma**2) / 2, sigma)
