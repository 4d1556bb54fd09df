"""
`detectscale results --compare`: where two sides differ in what they found in the same frames.

What stands in a result was written by others: it reaches the terminal escaped.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detectscale.dead_letters import escaped
from detectscale.instants import read_instant
from detectscale.settings import Settings
from frames.comparison import Comparison, Summary
from frames.errors import ConfigError
from frames.outcome import Detected, Detection
from frames.results import detections_since

MOST_ROWS = 40
MOST_BOXES = 4
"""Of one side of an example, in the terminal; a report has all."""
DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Side:
    """Whose results: those of a topic, or of one model in it."""

    topic: str
    digest: str
    """How the model's digest begins; empty: any model."""

    @classmethod
    def read(cls, text: str, default_topic: str) -> Self:
        """
        From `TOPIC`, `TOPIC@DIGEST` or `@DIGEST`; no topic's name has an @.

        >>> Side.read("shadow.detections", "detections"), Side.read("@3f2a", "detections")
        (Side(topic='shadow.detections', digest=''), Side(topic='detections', digest='3f2a'))
        """
        topic, _, digest = text.partition("@")
        return cls(topic or default_topic, digest.lower())

    def wrote(self, topic: str, result: Detected) -> bool:
        """Whether *result* of *topic* is its own."""
        return topic == self.topic and result.model_digest.startswith(self.digest)


def compare_results(
    settings: Settings,
    names: tuple[str, str],
    camera: str | None,
    since: str,
    limit: int,
    report: Path | None,
) -> None:
    """
    Print where the two sides *names* differ; write it as JSON to *report* where asked to.

    Args:
        names: Each as `Side.read` takes it.
        since: An instant or a duration; results appended before it are left out.
        limit: Of so many frames what was found is kept: of more, a fair sample.

    Raises:
        ConfigError: An argument cannot be used. UnavailableError: The broker or a topic is not there.
    """
    a, b = (Side.read(name, settings.topics.detections) for name in names)
    if a.topic == b.topic and (a.digest.startswith(b.digest) or b.digest.startswith(a.digest)):
        raise ConfigError(
            f"--compare {' '.join(names)}: one is part of the other; name two topics, or two models as "
            "@DIGEST (results carry `model_digest`)"
        )
    if report is not None and not report.absolute().parent.is_dir():
        raise ConfigError(f"--report {report}: the folder to write it into does not exist")
    comparison = Comparison(limit)
    for topic, result in detections_since(
        settings.kafka, {a.topic, b.topic}, read_instant("--since", since, time.time())
    ):
        if camera in (None, result.camera):
            for number, side in enumerate((a, b)):
                if side.wrote(topic, result):
                    comparison.add(number, result)
    summary = comparison.summary()
    for line in told(names, summary):
        print(line)
    if summary.labels:
        Console().print(table(summary))
    for line in examples(summary):
        print(line)
    if report is not None:
        report.write_text(json.dumps({"sides": names} | asdict(summary), indent=2) + "\n")


def told(names: tuple[str, str], summary: Summary) -> Iterator[str]:
    """Who was compared, and how their frames relate."""
    width = max(map(len, names))
    for letter, name, results, models in zip("AB", names, summary.results, summary.models, strict=True):
        by = ", ".join(_short(model) for model in models) or "none"
        yield f"{letter}  {escaped(name):<{width}}  {results:,} results of {by}"
    sample = ", a fair sample" if summary.sampled else ""
    only_a, only_b = summary.only
    frames = f"{summary.frames:,} frames{sample}: {summary.both:,} in both"
    same = f"{summary.same:,} of them with the same boxes"
    apart = f"{summary.apart:,} where the other has not been"
    yield f"{frames}, {same}; {only_a:,} only in A, {only_b:,} only in B; {apart}"


def table(summary: Summary) -> Table:
    """A row for each label: boxes by side over all its frames, and how they pair over frames of both."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    grid.add_column("label")
    for heading in ("A/frame", "B/frame", "both", "only A", "only B", "score B-A"):
        grid.add_column(heading, justify="right")
    for row in summary.labels[:MOST_ROWS]:
        grid.add_row(
            Text(escaped(row.label)),
            *(f"{rate:.2f}" for rate in row.boxes_per_frame),
            *(f"{count:,}" for count in (row.both, *row.only)),
            "-" if row.score_difference is None else f"{row.score_difference:+.3f}",
        )
    if len(summary.labels) > MOST_ROWS:
        grid.caption = f"and {len(summary.labels) - MOST_ROWS} labels more"
    return grid


def examples(summary: Summary) -> Iterator[str]:
    """The frames that differ most, with what only one side found."""
    if summary.examples:
        yield "The most different frames:"
    for one in summary.examples:
        yield f"{one.record}  {escaped(one.camera)}  {escaped(one.frame_id)}"
        for letter, found in zip("AB", one.only, strict=True):
            if found:
                more = f", and {len(found) - MOST_BOXES} more" if len(found) > MOST_BOXES else ""
                yield f"  only {letter}: {', '.join(map(_box, found[:MOST_BOXES]))}{more}"


def _box(found: Detection) -> str:
    corners = " ".join(f"{corner:.0f}" for corner in found.box)
    return f"{escaped(found.label)} {found.score:.2f} [{corners}]"


def _short(model: str) -> str:
    name, _, digest = model.rpartition("@")
    return escaped(f"{name}@{digest[:DIGEST_CHARACTERS]}")
