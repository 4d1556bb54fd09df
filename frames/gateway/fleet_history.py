"""
What was decided about one target in the last hour, in bounded memory, and what that came to.

Decisions come up to ten times a second. Kept is one a second, but each that changed the count and each
peak of the oldest frame's age. Sums are carried along from decision to decision, so that leaving some
out costs no precision.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from frames.gateway.decided import Decided

KEPT_S = 3600.0
MOST_KEPT = 7200
"""Whatever happens; about 4 MB."""
SLOT_S = 1.0
SILENCE_S = 45.0
"""An autoscaler at rest looks every 30 s. What was in a longer gap nobody knows, and it adds nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A decision, and what there was before it."""

    decided: Decided
    before: int | None
    """Replicas until then, if it changed the count; else None."""
    replica_s: float
    """Seconds of all replicas that existed, summed up from an arbitrary beginning; so is the next."""
    served: int
    """Frames committed."""
    watched_s: float
    """Seconds of which this is known."""

    @property
    def arrived(self) -> int:
        """Frames appended: what was not committed waits."""
        return self.served + self.decided.waiting


class FleetHistory:
    """Grows at its end."""

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque(maxlen=MOST_KEPT)

    def add(self, decided: Decided) -> Moment:
        """Keep one more decision, the newest; returns it with what it adds up to."""
        moment = after(self.latest, decided)
        if self._dispensable(moment):
            self._moments.pop()
        self._moments.append(moment)
        while self._moments[0].decided.at < decided.at - KEPT_S:
            self._moments.popleft()
        return moment

    @property
    def latest(self) -> Moment | None:
        return self._moments[-1] if self._moments else None

    def since(self, instant: float) -> list[Moment]:
        """Those decided at or after *instant*, oldest first."""
        return [moment for moment in self._moments if moment.decided.at >= instant]

    def _dispensable(self, newest: Moment) -> bool:
        """Whether the last moment tells nothing that *newest* and those before do not tell."""
        if len(self._moments) < 2:
            return False
        last, before = self._moments[-1], self._moments[-2]
        same_slot = last.decided.at // SLOT_S == newest.decided.at // SLOT_S
        peak = age(last) > max(age(before), age(newest))
        return same_slot and last.before is None and not peak


def after(last: Moment | None, decided: Decided) -> Moment:
    """
    *decided* behind *last*.

    Between two decisions as many replicas existed as the first one saw. Frames are counted by what was
    committed: the product of a rate and the seconds between decisions would be wrong by half in bursts.
    """
    if last is None:
        return Moment(decided, None, 0.0, 0, 0.0)
    before = last.decided.replicas if last.decided.replicas != decided.replicas else None
    seconds = decided.at - last.decided.at
    if not 0.0 <= seconds <= SILENCE_S:
        return replace(last, decided=decided, before=before)
    return Moment(
        decided,
        before,
        last.replica_s + last.decided.existing * seconds,
        last.served + _committed(last.decided, decided),
        last.watched_s + seconds,
    )


def _committed(before: Decided, decided: Decided) -> int:
    """Frames in between; none where that is not known, or the topic began anew."""
    if before.committed is None or decided.committed is None:
        return 0
    return max(decided.committed - before.committed, 0)


def thinned(moments: Sequence[Moment], most: int) -> list[Moment]:
    """
    At most *most* of *moments*, in their order and evenly over time, but each change of the count and
    the highest age of each span among them; of more than half as many changes the newest.
    """
    if len(moments) <= most:
        return list(moments)
    kept = {n for n, moment in enumerate(moments) if moment.before is not None}
    kept = set(sorted(kept)[-(most // 2) :])
    spans = max((most - len(kept)) // 2, 1)
    began, ends = moments[0].decided.at, moments[-1].decided.at
    by_span: dict[int, list[int]] = {}
    for n, moment in enumerate(moments):
        share = (moment.decided.at - began) / (ends - began or 1.0)
        by_span.setdefault(min(int(max(share, 0.0) * spans), spans - 1), []).append(n)
    for numbers in by_span.values():
        kept |= {numbers[-1], max(numbers, key=lambda n: age(moments[n]))}
    return [moments[n] for n in sorted(kept)]


def age(moment: Moment) -> float:
    """Of the oldest frame that waits, in seconds; 0 where nothing does."""
    return moment.decided.oldest_age_s or 0.0
