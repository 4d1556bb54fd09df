"""
The oracle of every fault test: what it promises, held against what Kafka says.

    lost        acknowledged records without an outcome once drained: none
    duplicates  second outcomes: at most what was in flight
    committed   never beyond a record without an outcome, at any instant; the log's end once drained
    progress    outcomes while the fault went on, where it leaves somebody able to work
    recovery    from healing until each partition has an outcome of a record published since
    fired       the evidence that the fault happened at all

Instants are the broker's: it stamps frames and outcomes as it appends them (LogAppendTime). Only the
instant of a commit is ours, and all run on one machine.
"""

import contextlib
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

from frames.clients import KafkaSettings, admin
from frames.errors import DetectscaleError
from frames.ledger import Ledger, mark, read_ledger
from frames.outcome import Outcome, RecordId
from frames.topics import TopicSettings
from tests.waiting import until

SAMPLE_S = 0.2
CLOCK_S = 0.005
"""The broker's stamps are whole milliseconds."""

Offsets = Mapping[int, int]


class CommitWatch:
    """Samples the group's committed offsets on a thread of its own, for the length of a `with` block."""

    def __init__(self, kafka: KafkaSettings, topics: TopicSettings, group: str) -> None:
        self._kafka = kafka.model_copy(update={"connect_timeout_s": 2.0})
        self._topic = topics.frames
        self._group = group
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commit-watch", daemon=True)
        self.samples: list[tuple[float, Offsets]] = []
        """Instant at which an answer had come, and the offset committed by partition."""
        self._thread.start()

    @property
    def latest(self) -> Offsets:
        return self.samples[-1][1] if self.samples else {}

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        from kafka.errors import KafkaError

        while not self._stop.is_set():
            # While the broker is away there is nothing to sample, and that is no failure of the watch.
            with (
                contextlib.suppress(KafkaError, DetectscaleError),
                closing(admin(self._kafka, request_timeout_ms=2_000)) as client,
            ):
                while not self._stop.wait(SAMPLE_S):
                    committed = client.list_group_offsets(self._group)[self._group]
                    offsets = {
                        at.partition: found.offset
                        for at, found in committed.items()
                        if at.topic == self._topic and found.offset >= 0
                    }
                    self.samples.append((time.time(), offsets))
            self._stop.wait(SAMPLE_S)


@dataclass(frozen=True)
class Window:
    """When the fault began and when it was healed, seconds since the epoch; equal for a sudden death."""

    broken_at: float
    healed_at: float


@dataclass(frozen=True)
class Verdict:
    """What one fault did."""

    fault: str
    records: int
    lost: int
    duplicates: int
    in_flight: int
    """The bound on duplicates."""
    committed_too_far: tuple[str, ...]
    """Commits beyond a record without an outcome."""
    drained: bool
    """Everything is committed to the log's end."""
    progress: int
    """Outcomes from the beginning of the fault to its healing; of a sudden death, to the recovery."""
    recovery_s: float | None
    """None: not recovered, or nothing to recover from."""
    fired: str

    def __str__(self) -> str:
        recovery = "-" if self.recovery_s is None else f"{self.recovery_s:.1f} s"
        return (
            f"fault {self.fault}: {self.records} records, lost {self.lost}, duplicates {self.duplicates} "
            f"(in flight <= {self.in_flight}), progress {self.progress}, recovery {recovery}, "
            f"fired: {self.fired}"
        )


def drained(kafka: KafkaSettings, topics: TopicSettings, watch: CommitWatch, within_s: float) -> bool:
    """Wait until the group has committed the end of every partition that holds records."""
    ends = {partition: end for partition, end in mark(kafka, topics).frames.items() if end}
    with contextlib.suppress(AssertionError):
        return until(lambda: all(watch.latest.get(p) == end for p, end in ends.items()), within_s)
    return False


def judged(
    fault: str,
    kafka: KafkaSettings,
    topics: TopicSettings,
    watch: CommitWatch,
    appended_at: Mapping[RecordId, float],
    window: Window,
    *,
    in_flight: int,
    fired: str,
    drain_s: float,
) -> Verdict:
    """
    Wait for the drain, then hold all of Kafka against the promises.

    Args:
        appended_at: The acknowledged records, and when each was appended.
    """
    at_end = drained(kafka, topics, watch, drain_s)
    ended_at: dict[RecordId, float] = {}

    def note(outcome: Outcome, at: float) -> None:
        ended_at[outcome.record] = at

    ledger = read_ledger(kafka, topics, on_outcome=note)
    recovered_at = _recovered_at(ledger, appended_at, ended_at, window.healed_at)
    until_at = window.healed_at if window.healed_at > window.broken_at else recovered_at or window.healed_at
    return Verdict(
        fault=fault,
        records=ledger.records,
        lost=len({*ledger.lost, *(record for record in appended_at if record not in ended_at)}),
        duplicates=ledger.duplicates,
        in_flight=in_flight,
        committed_too_far=tuple(_committed_too_far(watch.samples, topics.frames, ended_at, ledger)),
        drained=at_end,
        progress=sum(window.broken_at < at <= until_at for at in ended_at.values()),
        recovery_s=None if recovered_at is None else recovered_at - window.healed_at,
        fired=fired,
    )


def _recovered_at(
    ledger: Ledger,
    appended_at: Mapping[RecordId, float],
    ended_at: Mapping[RecordId, float],
    healed_at: float,
) -> float | None:
    """When the last partition had its first outcome of a record published after *healed_at*."""
    first: dict[int, float] = {}
    for record, appended in appended_at.items():
        if appended >= healed_at:
            at = ended_at.get(record, float("inf"))
            first[record.partition] = min(at, first.get(record.partition, float("inf")))
    slowest = max(first.values(), default=float("inf"))
    return None if slowest == float("inf") else slowest


def _committed_too_far(
    samples: list[tuple[float, Offsets]], topic: str, ended_at: Mapping[RecordId, float], ledger: Ledger
) -> list[str]:
    """Each offset that was seen committed although a record before it had no outcome at that instant."""
    known = {*ledger.ends, *ledger.lost}
    wrong = []
    for (_, before), (at, committed) in pairwise([(0.0, {}), *samples]):
        for partition, offset in committed.items():
            for passed in range(before.get(partition, 0), offset):
                record = RecordId(topic, partition, passed)
                if record in known and ended_at.get(record, float("inf")) > at + CLOCK_S:
                    wrong.append(f"{record} had no outcome when {offset} was committed")
    return wrong
