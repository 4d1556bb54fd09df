"""
Why it is so many workers, in words for people; pure.

    5 workers: 212 frames wait, the oldest 11 s; with 4, 63 would be late, by 6 s on average

First what is to be seen, then what led to the count: what fewer would come to, or the limit that
overruled it. Each reason that a decision may have has its words.
"""

from collections.abc import Callable, Mapping

from autoscaler.decision import Reason
from autoscaler.journal import Entry
from autoscaler.lookahead import Option
from autoscaler.observation import Observation

WORSE = 1.1
"""What fewer would come to is worth telling if so many times as much would be late."""


def words(entry: Entry) -> str:
    """What was seen, and why that leads to this count."""
    decision, seen = entry.decision, entry.observation
    why = WHY[decision.reason](entry)
    return f"{_count(decision.replicas, 'worker')}: {_waiting(seen)}{f'; {why}' if why else ''}"


def _waiting(seen: Observation) -> str:
    if not seen.waiting:
        return "nothing waits"
    verb = "waits" if seen.waiting == 1 else "wait"
    oldest = "" if seen.oldest_age is None else f", the oldest {_seconds(seen.oldest_age)}"
    return f"{_count(seen.waiting, 'frame')} {verb}{oldest}"


def _foreseen(entry: Entry) -> str:
    """What one size less would come to; else what this one does."""
    decision, outlook = entry.decision, entry.decision.outlook
    if outlook is None:
        return ""
    if not decision.replicas and outlook.over:
        return f"nothing to do for {_seconds(outlook.quiet_s)}, so nobody stays"
    options = {option.replicas: option for option in outlook.options}
    chosen = options.get(decision.replicas)
    fewer = [option for size, option in options.items() if size < decision.replicas and _is_late(option)]
    if chosen is None or not _is_late(chosen):
        if fewer:
            return f"with {fewer[-1].replicas}, {_late(fewer[-1])}"
        return "" if chosen is None else "none would be late"
    if fewer and fewer[-1].missed > WORSE * chosen.missed:
        return f"{_late(chosen)}; with {fewer[-1].replicas}, {round(fewer[-1].missed):,}"
    return f"even so, {_late(chosen)}"


def _is_late(option: Option) -> bool:
    return round(option.missed) > 0


def _late(option: Option) -> str:
    """*lateness* adds up how long each late frame waits beyond its time, as far ahead as was looked."""
    late = f"{round(option.missed):,} would be late"
    mean_s = option.lateness / option.missed
    return f"{late}, by {_seconds(mean_s)} on average" if mean_s >= 0.1 else late


def _not_yet(entry: Entry) -> str:
    more = entry.decision.recommended
    return (
        f"{_count(more, 'worker')} would be right, and {'is' if more == 1 else 'are'} in time a moment later"
    )


def _keep_alive(entry: Entry) -> str:
    outlook = entry.decision.outlook
    if outlook is None or outlook.keep_alive_s is None:
        return "the last one stays for a while"
    quiet, stays = _seconds(outlook.quiet_s), _seconds(outlook.keep_alive_s)
    return f"nothing to do for {quiet}, and the last one stays for {stays}"


def _unschedulable(entry: Entry) -> str:
    return f"{entry.observation.unschedulable} of them find no place to run, so no more are started"


def _partitions(entry: Entry) -> str:
    partitions = _count(entry.observation.partitions, "partition")
    return f"of {partitions}, each worker needs one"


def _minimum(entry: Entry) -> str:
    return f"{entry.decision.recommended or 'none'} would do, but so many always stay"


def _always(text: str) -> Callable[[Entry], str]:
    return lambda entry: text


WHY: Mapping[Reason, Callable[[Entry], str]] = {
    Reason.WITHIN_RANGE: _foreseen,
    Reason.NOT_YET: _not_yet,
    Reason.SURGES: _always("a rush as those before would come faster than a worker starts"),
    Reason.NOTHING_WAITS: _always("nothing waits that a result would still be wanted of, so none is started"),
    Reason.STABILIZED: _always("with fewer, more would soon have to be started again"),
    Reason.UNKNOWN: _always("not all numbers are known yet, so none is given up"),
    Reason.FRAMES_IN_FLIGHT: _always("somebody must finish what is begun"),
    Reason.KEEP_ALIVE: _keep_alive,
    Reason.UNSCHEDULABLE: _unschedulable,
    Reason.PARTITIONS: _partitions,
    Reason.TOO_FEW: _minimum,
    Reason.TOO_MANY: _always("more are not allowed"),
    Reason.HELD: _always("nothing fresh is known, so the last decision holds"),
}


def _seconds(seconds: float) -> str:
    """
    As exact as anybody wants it.

    >>> _seconds(0.84), _seconds(11.3), _seconds(200.0)
    ('0.8 s', '11 s', '3 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
