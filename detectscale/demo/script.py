"""
A store day in two minutes: how many frames a second, and for how long.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """A stretch of the day with a steady rate of frames."""

    name: str
    seconds: float
    frames_per_s: float


def store_day(worker_rate: float, most_workers: int) -> tuple[Act, ...]:
    """
    A day that one worker cannot serve at its peak, but *most_workers* can.

    The pause outlasts the policy's keep-alive, so that the fleet goes to zero and wakes again.

    Args:
        worker_rate: Frames per second that one core decodes and detects here; a worker, which also
            reads, publishes and commits, finishes nearly as many.
    """
    rush = worker_rate * (1.0 if most_workers > 1 else 0.6)
    quiet = min(4.0, worker_rate / 4)
    return (
        Act("first customers", 15, quiet),
        Act("rush", 30, rush),
        Act("afternoon", 15, quiet),
        Act("closed for lunch", 25, 0),
        Act("late customers", 15, quiet),
    )


def schedule(acts: tuple[Act, ...]) -> list[float]:
    """
    Instants of all frames, seconds from the start of the day.

    >>> schedule((Act("open", 1, 2), Act("closed", 5, 0), Act("late", 0.5, 2)))
    [0.0, 0.5, 6.0]
    """
    instants, start = [], 0.0
    for act in acts:
        frames = round(act.seconds * act.frames_per_s)
        instants += [start + n / act.frames_per_s for n in range(frames)]
        start += act.seconds
    return instants


def act_at(acts: tuple[Act, ...], elapsed_s: float) -> Act | None:
    """The act that plays *elapsed_s* after the start; None: the day is over."""
    for act in acts:
        if elapsed_s < act.seconds:
            return act
        elapsed_s -= act.seconds
    return None
