"""
`detectscale simulate --journal`: recorded decisions made again, by their own parameters or by others.

With other parameters the policy's memory goes on from its own decisions, but it is shown
the recorded observations: a fleet of another size would have left another lag behind,
which no journal knows. For that, simulate the arrivals.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from pydantic import ValidationError

from autoscaler import journal
from autoscaler.decision import Decision, Memory
from autoscaler.follower import Follower
from autoscaler.journal import Entry, read_journal, replay
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from detectscale.places import Places
from detectscale.runtime import local_policy
from detectscale.settings import Settings, one_line
from frames.clients import KafkaSettings
from frames.errors import ConfigError

SHOWN = 10
"""Differences printed."""


def replay_journal(
    file_or_topic: str, settings: Settings, places: Places, what_if: Sequence[str], target: str | None = None
) -> bool:
    """
    Make the decisions of a journal again, and print what became of them.

    Args:
        file_or_topic: A file with a line for each `journal.write`, else a topic of the broker that
            *settings* name or that `detectscale up` runs.
        what_if: Changes to each decision's parameters, `policy.key=value`; says what they would have done.
        target: Of a topic, the decisions about this one; None: the only one it is about.

    Returns:
        Whether the unchanged parameters gave the recorded decisions, bit for bit.

    Raises:
        ConfigError: There is no such journal, it is about several targets and none is named, or a
            change is not possible.
        ObservationError: Kafka does not answer, or has no such topic.
    """
    in_force = local_policy(settings)
    entries = _read(file_or_topic, settings, places, target)
    others = [changed(entry.params or in_force, what_if) for entry in entries] if what_if else []
    recorded = [entry.decision for entry in entries]
    again = list(replay(entries, otherwise=in_force))
    equal = sum(before == after for before, after in zip(recorded, again, strict=True))
    print(f"{file_or_topic}: {len(entries)} decisions, {equal} of them the same again bit for bit")
    if unsaid := sum(entry.params is None for entry in entries):
        print(f"{unsaid} do not say by which parameters: those in force now stood in")
    if equal < len(entries):
        print("The others, decided again:")
        _print_differences(recorded, again)
    if what_if:
        _print_what_if(entries, recorded, list(decided_by(entries, others)), what_if)
    return equal == len(entries)


def changed(params: PolicySettings, changes: Iterable[str]) -> PolicySettings:
    """
    *params* with each of *changes*, `policy.key=value` or `key=value`; an empty value is null.

    Raises:
        ConfigError: There is no such key, or it does not take the value.
    """
    values = params.model_dump()
    for change in changes:
        name, equals, text = change.partition("=")
        key = name.removeprefix("policy.")
        if not equals or key not in values:
            raise ConfigError(f"what-if: {change}: must be policy.KEY=VALUE with KEY of {', '.join(values)}")
        values[key] = text or None
    try:
        return Settings.model_validate({"policy": values}).policy
    except ValidationError as error:
        raise ConfigError(one_line("what-if", error)) from error


def decided_by(entries: Iterable[Entry], params: Iterable[PolicySettings]) -> Iterator[Decision]:
    """What *params*, one for each of *entries*, make of what was seen, with their own memory in each run."""
    memory = Memory()
    for entry, by in zip(entries, params, strict=True):
        if begins_a_run(entry):
            memory = Memory()
        decision, memory = decide(entry.observation, memory, by)
        yield decision


def replica_seconds(entries: Sequence[Entry], decisions: Sequence[Decision]) -> float:
    """What *decisions*, one for each of *entries*, come to; from the end of a run to the next, nothing."""
    return sum(
        decision.replicas * (after.observation.at - before.observation.at)
        for (before, after), decision in zip(pairwise(entries), decisions[:-1], strict=True)
        if not begins_a_run(after)
    )


def begins_a_run(entry: Entry) -> bool:
    """Whether an autoscaler made it that had just started."""
    return entry.memory == Memory()


def read_lines(path: Path) -> list[Entry]:
    """
    The journal in a file with one entry on each line.

    Raises:
        ConfigError: It cannot be read, is empty, or a line is no entry.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(journal.read(line))
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: is not a decision as this version writes them") from error
    return entries


def _read(file_or_topic: str, settings: Settings, places: Places, target: str | None) -> list[Entry]:
    path = Path(file_or_topic)
    if path.is_file():
        if target is not None:
            raise ConfigError(f"{file_or_topic}: a file is about one target; leave --target out")
        entries = read_lines(path)
    else:
        entries = _read_topic(file_or_topic, settings, places, target)
    if not entries:
        raise ConfigError(f"{file_or_topic}: holds no decisions")
    return entries


def _read_topic(name: str, settings: Settings, places: Places, target: str | None) -> list[Entry]:
    try:
        kafka = places.connected(settings).kafka
    except ConfigError as error:
        raise ConfigError(f"{name}: is no file, and as a topic: {error}") from error
    known = _targets(kafka, name)
    if not known:
        return []
    if target is None and len(known) > 1:
        raise ConfigError(f"{name}: holds decisions about {', '.join(known)}; name one by --target")
    if target not in (None, *known):
        raise ConfigError(f"{name}: holds no decisions about {target}, but about {', '.join(known)}")
    return read_journal(kafka, name, target or known[0])


def _targets(kafka: KafkaSettings, topic: str) -> list[str]:
    """What the decisions in *topic* are about: the keys of its records."""
    with closing(Follower(kafka, topic)) as follower:
        keys = {record.key for record in follower.new_records() if record.key}
    return sorted(key.decode(errors="replace") for key in keys)


def _print_what_if(
    entries: Sequence[Entry], recorded: Sequence[Decision], others: Sequence[Decision], what_if: Sequence[str]
) -> None:
    before, after = replica_seconds(entries, recorded), replica_seconds(entries, others)
    relative = f" ({after / before - 1:+.1%})" if before else ""
    print(f"With {', '.join(what_if)}, shown the same observations:")
    print(f"  replica-seconds: {before:,.1f} as decided, {after:,.1f} as would have been{relative}")
    _print_differences(recorded, others)


def _print_differences(before: Iterable[Decision], after: Iterable[Decision]) -> None:
    """The first pairs that ask for different numbers of replicas, or else differ in any way."""
    pairs = list(zip(before, after, strict=True))
    counts = [(old, new) for old, new in pairs if old.replicas != new.replicas]
    print(f"  {len(counts)} of {len(pairs)} decisions have another count of replicas")
    for old, new in counts[:SHOWN]:
        print(f"  {_instant(old.at)}: {old.replicas} ({old.reason}) -> {new.replicas} ({new.reason})")
    if len(counts) > SHOWN:
        print(f"  and {len(counts) - SHOWN} more")


def _instant(at: float) -> str:
    """Seconds since the epoch, for people."""
    return datetime.fromtimestamp(at, UTC).isoformat(sep=" ", timespec="milliseconds")
