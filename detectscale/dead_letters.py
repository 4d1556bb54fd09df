"""
`detectscale dlq`: dead letters as a person sees them.

What a letter holds was written by strangers: it reaches the terminal escaped and shortened, and an
image never does.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from detectscale.instants import read_instant, shown_instant
from detectscale.settings import Settings
from frames.dead_letters import list_letters, read_contents
from frames.errors import ConfigError, DetectscaleError
from frames.letter import REASONS, Filter, Letter, read_place
from frames.purge import purge, records_before
from frames.redrive import Plan, plan, redrive

MANY = 100
"""From so many letters on there is a progress bar."""
SHOWN_CHARACTERS = 300
"""Of one header or detail."""


class NoLetterError(DetectscaleError):
    """There is no such letter (any more)."""


def filter_of(reason: str | None, camera: str | None, since: str | None, until: str | None) -> Filter:
    """
    The filter that the options ask for.

    Raises:
        ConfigError: There is no such reason, or an instant cannot be read.
    """
    if reason is not None and reason not in REASONS:
        raise ConfigError(f"--reason: there is no {reason!r}; it is one of {', '.join(REASONS)}")
    now = time.time()
    return Filter(
        reason,
        camera,
        None if since is None else read_instant("--since", since, now),
        None if until is None else read_instant("--until", until, now),
    )


def show_letters(settings: Settings, wanted: Filter, as_json: bool) -> None:
    """Print the letters that are *wanted*, and how many there are of each reason."""
    letters = [letter for letter in list_letters(settings.kafka, settings.topics) if wanted(letter)]
    for letter in letters:
        print(json.dumps(described(letter)) if as_json else line(letter))
    if not as_json:
        counts = Counter(letter.reason for letter in letters).most_common()
        by_reason = ", ".join(f"{count} {reason}" for reason, count in counts)
        print(f"{len(letters)} dead letters{': ' if letters else ''}{by_reason}")


def show_letter(settings: Settings, place: str, save: Path | None) -> None:
    """
    Print all about the letter at *place*, and write its value into *save*.

    Raises:
        NoLetterError: There is none. ConfigError: *place* is none, or *save* cannot be written.
    """
    wanted = read_place(place)
    if wanted is None or wanted.topic != settings.topics.dead:
        raise ConfigError(
            f"{place}: not the place of a letter; `detectscale dlq list` says them, such as "
            f"{settings.topics.dead}/0/17"
        )
    listed = {letter.place: letter for letter in list_letters(settings.kafka, settings.topics)}
    if wanted not in listed:
        raise NoLetterError(f"{place}: no letter stands there; see `detectscale dlq list`")
    for name, value in described(listed[wanted]).items():
        print(f"{name:<16} {'-' if value is None else escaped(str(value))}")
    for contents in read_contents(settings.kafka, settings.topics, {wanted}):
        print("headers")
        for header, content in contents.message.headers:
            print(f"  {escaped(header)}: {escaped(content.decode(errors='replace'))}")
        if save is not None:
            _save(save, contents.message.value)


def redrive_letters(settings: Settings, wanted: Filter, dry_run: bool) -> None:
    """Put the letters that are *wanted* back, or say what that would do; errors as `redrive`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if dry_run:
        letters = filter(wanted, list_letters(settings.kafka, settings.topics))
        print(told(plan(letters), "would be put back"))
        return
    columns = TextColumn("putting back"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=None, visible=False)
        done = redrive(
            settings.kafka,
            settings.topics,
            wanted,
            lambda sent, of: progress.update(bar, completed=sent, total=of, visible=of >= MANY),
        )
    print(told(done, "put back"))


def purge_letters(settings: Settings, before: str | None, everything: bool, yes: bool) -> None:
    """
    Delete the letters that died before an instant, or all of them, after asking.

    Raises:
        ConfigError: It is not said which, or nobody can be asked. UnavailableError: The broker refuses.
    """
    if (before is None) != everything:
        raise ConfigError("dlq purge: say which letters go, by one of --before T and --all")
    at = None if before is None else read_instant("--before", before, time.time())
    oldest = records_before(settings.kafka, settings.topics, at)
    if not oldest.count:
        print("nothing to delete")
        return
    if not yes and not _agreed(
        f"delete the {oldest.count} oldest records of {settings.topics.dead} for good?"
    ):
        raise ConfigError("dlq purge: nothing was deleted")
    purge(settings.kafka, oldest)
    print(f"{oldest.count} records deleted")


def line(letter: Letter) -> str:
    """
    One letter on one line: place, instant, camera, reason, stage, attempts, state, detail.
    """
    told = described(letter)
    columns = [
        f"{told['place']:<18}",
        told["at"],
        f"{escaped(told['camera'] or '-'):<12}",
        f"{told['reason']:<17}",
        f"{escaped(told['stage'] or '-'):<6}",
        f"{told['attempts'] or '-':>2}",
        f"{told['state']:<10}",
        escaped(told["detail"]),
    ]
    return "  ".join(columns)


def described(letter: Letter) -> dict[str, Any]:
    """A letter as a JSON object, without what it holds."""
    dead = letter.dead
    return {
        "place": str(letter.place),
        "at": shown_instant(letter.at),
        "camera": letter.camera,
        "reason": letter.reason,
        "stage": dead and dead.stage,
        "attempts": dead and dead.attempts,
        "state": letter.state,
        "detail": dead.detail if dead else letter.problem,
        "frame": dead and str(dead.record),
        "first_failed_at": dead and shown_instant(dead.first_failed_at),
        "worker": dead and dead.worker,
        "bytes": letter.size,
        "obstacle": letter.obstacle,
    }


def escaped(text: str) -> str:
    r"""
    *text* as a terminal may show it: what is no printable character is spelled out, and the end left out.

    >>> print(escaped("\x1b[2Jbus\u202e.jpg"))
    \x1b[2Jbus\u202e.jpg
    """
    shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}… ({len(text)} characters)"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def told(done: Plan, what: str) -> str:
    """
    What a redrive did, or would do, in one line.

    >>> told(Plan({1, 2}, 3, {"it is no letter": 4}), "put back")
    '2 put back, 3 were put back before, 4 cannot be: it is no letter'
    """
    parts = [f"{len(done.put_back)} {what}"]
    parts += [f"{done.already} were put back before"] if done.already else []
    parts += [f"{count} cannot be: {why}" for why, count in done.obstacles.items()]
    return ", ".join(parts)


def _agreed(question: str) -> bool:
    """Whether a person says yes."""
    if not sys.stdin.isatty():
        raise ConfigError(f"dlq purge: {question} There is no terminal to ask at; say --yes")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _save(file: Path, value: bytes) -> None:
    try:
        file.write_bytes(value)
    except OSError as error:
        raise ConfigError(f"--save {file}: {error.strerror}; name a file that can be written") from error
    print(f"{len(value)} bytes written to {file}")
