"""
The live view: what waits, who works, and why, four times a second.

Without a terminal each change of the replica count is one line instead.
"""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autoscaler.observation import Observation
from detectscale.demo.history import History, Sample, replica_changes
from detectscale.demo.play import Player
from detectscale.demo.script import Act, act_at

BARS = " ▁▂▃▄▅▆▇█"
DECISIONS_SHOWN = 6
CURVE_S = 90


class Screen:
    """Draws a run from its history."""

    def __init__(self, acts: tuple[Act, ...], history: History, player: Player, slo_s: float) -> None:
        self._acts = acts
        self._history = history
        self._player = player
        self._slo_s = slo_s

    def __rich__(self) -> RenderableType:
        samples = list(self._history.samples)
        return Group(
            self._headline(), self._figures(samples), _curves(samples, time.time()), _decisions(samples)
        )

    def _headline(self) -> Text:
        elapsed_s = time.time() - self._player.started_at
        act = act_at(self._acts, elapsed_s)
        name = act.name if act else "closing: waiting for the last worker to leave"
        rate = f"{act.frames_per_s:g} frames/s" if act else ""
        return Text.assemble((f" {_clock(elapsed_s)}  ", "bold"), (name, "bold cyan"), f"   {rate}")

    def _figures(self, samples: Sequence[Sample]) -> Table:
        table = Table.grid(expand=True, padding=(0, 1))
        last = samples[-1].observation if samples else None
        age = last.oldest_age if last else None
        figures = [
            ("waiting", f"{last.waiting if last else 0} frames", "white"),
            (
                "oldest",
                "none" if age is None else f"{age:.1f} s",
                "red" if age and age > self._slo_s else "green",
            ),
            ("arriving", f"{(last.arrival_rate or 0) if last else 0:.0f}/s", "white"),
            ("detected", f"{self._served_rate(samples):.0f}/s", "white"),
            ("published", f"{self._player.counts.acknowledged}", "white"),
            ("workers", _workers(last), "cyan"),
        ]
        for _ in figures:
            table.add_column(ratio=1)
        table.add_row(
            *(Panel(Text(value, style=f"bold {style}"), title=name) for name, value, style in figures)
        )
        return table

    def _served_rate(self, samples: Sequence[Sample]) -> float:
        """Frames per second finished over the last seconds: arrivals minus growth of the backlog."""
        window = [sample.observation for sample in samples[-6:]]
        if len(window) < 2 or window[-1].at == window[0].at:
            return 0.0
        arrived = sum((new.arrival_rate or 0.0) * (new.at - old.at) for old, new in pairwise(window))
        return max(arrived - (window[-1].waiting - window[0].waiting), 0.0) / (window[-1].at - window[0].at)


def show_change(console: Console, sample: Sample) -> None:
    """One decision as a line, for logs."""
    console.print(sample.decision.explain(), markup=False, highlight=False)


def _workers(observation: Observation | None) -> str:
    if observation is None:
        return "0"
    states = (
        (observation.ready, "ready"),
        (len(observation.starting), "starting"),
        (observation.draining, "leaving"),
    )
    return ", ".join(f"{count} {state}" for count, state in states if count) or "0"


def _curves(samples: Sequence[Sample], now: float) -> Table:
    table = Table.grid(padding=(0, 1))
    workers = _each_second(samples, now, lambda sample: sample.decision.replicas)
    waiting = _each_second(samples, now, lambda sample: sample.observation.waiting)
    for name, values, style in (("workers", workers, "cyan"), ("waiting", waiting, "yellow")):
        table.add_row(name, f"{max(values, default=0)} max", Text(_bars(values), style=style))
    return table


def _each_second(samples: Sequence[Sample], now: float, value: Callable[[Sample], int]) -> list[int]:
    """The values over the last CURVE_S seconds, one a second; between two looks nothing changed."""
    values: list[int] = []
    seen = iter(samples)
    following = next(seen, None)
    last = 0
    for second in range(int(now) - CURVE_S, int(now) + 1):
        while following is not None and following.observation.at < second + 1:
            last, following = value(following), next(seen, None)
        values.append(last)
    return values


def _bars(values: Sequence[int]) -> str:
    """*values* as a row of bars, scaled to the highest; what is not 0 can be seen."""
    highest = max(values, default=0) or 1
    return "".join(BARS[-(-value * (len(BARS) - 1) // highest)] for value in values)


def _decisions(samples: Sequence[Sample]) -> Panel:
    table = Table.grid(padding=(0, 2))
    start = samples[0].observation.at if samples else 0.0
    for _, sample in replica_changes(samples)[-DECISIONS_SHOWN:]:
        decision = sample.decision
        table.add_row(_clock(decision.at - start), f"→ {decision.replicas}", decision.explain())
    return Panel(table, title="why", title_align="left")


def _clock(seconds: float) -> str:
    return f"{int(max(seconds, 0)) // 60}:{int(max(seconds, 0)) % 60:02d}"
