"""
Who works: the fleet's list joined with what the workers say of themselves; pure.

The fleet knows at once who exists, a status is up to two seconds old. So the fleet
decides who counts, and the status only what they are up to. Until a worker's process
runs, the fleet alone can say how far its start has got.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoscaler.fleet import Replica
from autoscaler.observation import ColdStart, Start
from frames.status import PHASES, WorkerState, WorkerStatus

STALE_S = 10.0
"""A worker that the fleet does not list and that has been silent this long is gone: five reports missed."""

OVERDUE = 0.15
"""A phase that outlasts its mean is expected to last this share of its age longer (a guess)."""


@dataclass(frozen=True, slots=True)
class Workforce:
    """The workers, counted; see the fields of the same names in `Observation`."""

    ready: int
    starting: tuple[Start, ...]
    draining: int
    in_flight: int
    idle_for: float | None
    unschedulable: int = 0


def workforce(
    replicas: Sequence[Replica], statuses: Mapping[str, WorkerStatus], learned: ColdStart | None, now: float
) -> Workforce:
    """Count the workers in *replicas*, and those that are not but were heard of lately."""
    listed = {replica.worker: replica for replica in replicas}
    heard = {
        worker: status for worker, status in statuses.items() if _counts(listed.get(worker), status, now)
    }
    born_at = {worker: known.born_at for worker, known in (heard | listed).items()}
    states = {worker: _state(listed.get(worker), heard.get(worker)) for worker in born_at}
    starting = [
        Start(max(now - born_at[worker], 0.0), left_s(heard.get(worker), learned, now, listed.get(worker)))
        for worker, state in states.items()
        if state is WorkerState.STARTING
    ]
    ready = [heard[worker] for worker, state in states.items() if state is WorkerState.READY]
    return Workforce(
        ready=len(ready),
        starting=tuple(sorted(starting, key=lambda start: start.age_s, reverse=True)),
        draining=sum(state is WorkerState.DRAINING for state in states.values()),
        in_flight=sum(status.in_flight for status in heard.values()),
        idle_for=_idle_for(ready, now),
        unschedulable=sum(replica.unschedulable and not replica.draining for replica in replicas),
    )


def left_s(
    status: WorkerStatus | None, learned: ColdStart | None, now: float, replica: Replica | None = None
) -> float | None:
    """
    Seconds until a worker that starts will take records; at least those, where a later phase was never seen.

    What it says of its progress tells more of the present phase than what others took: a
    model's file comes slowly or fast for everybody at once.

    Returns:
        None where nothing is known: it has no place to run, nobody has said how far it has got, or
        neither of its progress nor are others known.
    """
    if status is None:
        return _left_before_it_speaks(replica, learned, now)
    phases = [phase for phase in PHASES if phase not in status.phases_s]
    if not phases:
        return 0.0
    usual_s = [learned.phases_s.get(phase, 0.0) for phase in phases] if learned is not None else []
    began_at = status.born_at + sum(status.phases_s.values())
    if status.progress:
        took_s = max(status.at - began_at, 0.0)
        ends_at = status.at + took_s * (1 - status.progress) / status.progress
        return max(ends_at - now, 0.0) + sum(usual_s[1:])
    return _rest_of(usual_s, now - began_at) if usual_s else None


def _left_before_it_speaks(replica: Replica | None, learned: ColdStart | None, now: float) -> float | None:
    if replica is None or replica.phases_s is None or replica.unschedulable or learned is None:
        return None
    began_at = replica.born_at + sum(replica.phases_s.values())
    usual_s = [usual for phase, usual in learned.phases_s.items() if phase not in replica.phases_s]
    return _rest_of(usual_s, now - began_at)


def _rest_of(usual_s: Sequence[float], age_s: float) -> float:
    """Seconds that are left of phases that usually take so long, *age_s* after the first of them began."""
    age_s = max(age_s, 0.0)
    return max(usual_s[0] - age_s, OVERDUE * age_s) + sum(usual_s[1:])


def _counts(replica: Replica | None, status: WorkerStatus, now: float) -> bool:
    """Whether *status* is of a process that runs, as far as anybody knows."""
    if replica is not None:
        return replica.up
    return status.state is not WorkerState.STOPPED and now - status.at < STALE_S


def _state(replica: Replica | None, status: WorkerStatus | None) -> WorkerState:
    if replica is not None and replica.draining:
        return WorkerState.DRAINING  # it may not have said so yet
    return WorkerState.STARTING if status is None else status.state


def _idle_for(ready: Sequence[WorkerStatus], now: float) -> float | None:
    since = [status.idle_since for status in ready]
    if not since or None in since:
        return None
    return max(now - max(instant for instant in since if instant is not None), 0.0)
