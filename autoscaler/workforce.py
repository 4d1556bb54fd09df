"""
Who works: the fleet's list joined with what the workers say of themselves; pure.

The fleet knows at once who exists, a status is up to two seconds old. So the fleet
decides who counts, and the status only what they are up to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoscaler.fleet import Replica
from autoscaler.observation import Start
from frames.status import WorkerState, WorkerStatus

STALE_S = 10.0
"""A worker that the fleet does not list and that has been silent this long is gone: five reports missed."""


@dataclass(frozen=True, slots=True)
class Workforce:
    """The workers, counted; see the fields of the same names in `Observation`."""

    ready: int
    starting: tuple[Start, ...]
    draining: int
    in_flight: int
    idle_for: float | None


def workforce(replicas: Sequence[Replica], statuses: Mapping[str, WorkerStatus], now: float) -> Workforce:
    """Count the workers in *replicas*, and those that are not but were heard of lately."""
    listed = {replica.worker: replica for replica in replicas}
    heard = {
        worker: status
        for worker, status in statuses.items()
        if worker in listed or (status.state is not WorkerState.STOPPED and now - status.at < STALE_S)
    }
    born_at = {worker: known.born_at for worker, known in (heard | listed).items()}
    states = {worker: _state(listed.get(worker), heard.get(worker)) for worker in born_at}
    starting = [worker for worker, state in states.items() if state is WorkerState.STARTING]
    ready = [heard[worker] for worker, state in states.items() if state is WorkerState.READY]
    ages = sorted((max(now - born_at[worker], 0.0) for worker in starting), reverse=True)
    return Workforce(
        ready=len(ready),
        starting=tuple(Start(age) for age in ages),
        draining=sum(state is WorkerState.DRAINING for state in states.values()),
        in_flight=sum(status.in_flight for status in heard.values()),
        idle_for=_idle_for(ready, now),
    )


def _state(replica: Replica | None, status: WorkerStatus | None) -> WorkerState:
    if replica is not None and replica.draining:
        return WorkerState.DRAINING  # it may not have said so yet
    return WorkerState.STARTING if status is None else status.state


def _idle_for(ready: Sequence[WorkerStatus], now: float) -> float | None:
    since = [status.idle_since for status in ready]
    if not since or None in since:
        return None
    return max(now - max(instant for instant in since if instant is not None), 0.0)
