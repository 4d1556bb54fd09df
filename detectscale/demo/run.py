"""
The demo from start to end: servers, frames, the day, the ledger, the figures.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from autoscaler.statuses import Statuses
from detectscale.demo.boxes import save_some
from detectscale.demo.history import History, replica_changes
from detectscale.demo.play import Player
from detectscale.demo.reel import Shot, record
from detectscale.demo.report import Report, Result, summarize
from detectscale.demo.screen import Screen, show_change
from detectscale.demo.script import Act, schedule, store_day
from detectscale.places import Places
from detectscale.runtime import Runtime, local_policy, local_runtime
from detectscale.settings import Settings
from frames.errors import ConfigError
from frames.image import ImageError, decode
from frames.ledger import mark, read_ledger
from frames.outcome import Detected, Outcome, RecordId
from frames.status import WorkerStatus
from workers.model import load_model

LEAVE_S = 60.0
"""How long after the last frame the fleet may take to finish and go to zero."""
LOOK_S = 0.25
CALIBRATION_FRAMES = 40


def run_demo(
    settings: Settings, places: Places, source: str, report_file: Path | None, save_dir: Path | None
) -> bool:
    """
    Play the store day with the frames of *source*; print and write the figures.

    Returns:
        Whether every frame has an outcome and no worker is left.

    Raises:
        DetectscaleError: Something cannot start or is not as it must be.
    """
    console = Console()
    load_model(settings.model, places.model_cache)  # a wrong model is said before frames are made for it
    places = Places(places.state / f"demo-{os.getpid()}", places.cache)
    _log_into(places)
    reel = _reel(console, source)
    acts = _day(console, settings, places, reel)
    history = History()
    with _swept(places), local_runtime(settings, places, history.decided) as runtime:
        settings = runtime.settings
        since = mark(settings.kafka, settings.topics)
        player = Player(settings.kafka, settings.topics, settings.publisher, reel, schedule(acts))
        try:
            player.start()
            _watch(console, Screen(acts, history, player, settings.policy.slo_s), runtime, player, history)
        finally:
            player.close()
        duration_s = time.time() - player.started_at
        final_replicas = len(runtime.fleet.replicas())
        results: dict[RecordId, Result] = {}

        def found(outcome: Outcome, appended_at: float) -> None:
            if isinstance(outcome, Detected):
                results[outcome.record] = Result(outcome, appended_at)

        ledger = read_ledger(settings.kafka, settings.topics, since, found)
        report = summarize(
            ledger,
            player.appended,
            results,
            reel,
            history,
            _statuses(settings),
            local_policy(settings),
            final_replicas,
            runtime.fleet.crashed,
            duration_s,
        )
    _print(console, report)
    console.print(f"logs: {places.logs}", highlight=False)
    if report_file is not None:
        report_file.write_text(report.json())
    if save_dir is not None:
        shots = [(reel[player.appended[record].shot], result.detected) for record, result in results.items()]
        save_some(save_dir, shots)
        console.print(f"frames with boxes: {save_dir}")
    return report.balanced


@contextmanager
def _swept(places: Places) -> Iterator[None]:
    """Afterwards only the logs are left of a run: its records hold images."""
    try:
        yield
    finally:
        for data in ("kafka", "redis"):
            shutil.rmtree(places.state / data, ignore_errors=True)


def _log_into(places: Places) -> None:
    """Into a file: the screen belongs to the live view."""
    places.make()
    logging.basicConfig(filename=places.logs / "demo.log", level=logging.INFO, force=True)


def _reel(console: Console, source: str) -> Sequence[Shot]:
    columns = SpinnerColumn(), TextColumn("preparing frames"), BarColumn(), TextColumn("{task.completed}")
    with Progress(*columns, console=console, transient=True) as progress:
        reel = list(progress.track(record(source), total=None))
    if not reel:
        raise ConfigError(f"--source: {source} gave no frame; name another source")
    return reel


def _day(console: Console, settings: Settings, places: Places, reel: Sequence[Shot]) -> tuple[Act, ...]:
    """A day for this machine: its peak is more than one worker can serve."""
    rate = measured_rate(settings, places, [shot.image for shot in reel[:CALIBRATION_FRAMES]])
    workers = local_policy(settings).max_replicas
    acts = store_day(rate, workers)
    console.print(f"one core detects {rate:.0f} frames/s here; at most {workers} workers share this machine")
    return acts


def measured_rate(settings: Settings, places: Places, images: Sequence[bytes]) -> float:
    """Frames per second that one worker decodes and detects on this machine, alone."""
    from workers.openvino_detector import OpenVinoDetector

    detector = OpenVinoDetector(
        load_model(settings.model, places.model_cache), settings.model, places.model_cache
    )
    detector.warm_up()
    started_at = time.monotonic()
    for image in images:
        with suppress(ImageError):  # it will end as a dead letter, soon enough
            detector.detect([decode(image)])
    return len(images) / (time.monotonic() - started_at)


def _watch(console: Console, screen: Screen, runtime: Runtime, player: Player, history: History) -> None:
    """Show the run until the day is over and the last worker has left, or it takes too long."""
    leave_by: float | None = None
    shown = 0
    live = Live(screen, console=console, refresh_per_second=4) if console.is_terminal else None
    if live:
        live.start()
    try:
        while leave_by is None or time.monotonic() < leave_by:
            runtime.check()
            replicas = runtime.fleet.replicas()
            history.saw_fleet(time.monotonic(), len(replicas))
            if not live:
                for _, sample in replica_changes(history.samples)[shown:]:
                    show_change(console, sample)
                    shown += 1
            if not player.playing and leave_by is None:
                leave_by = time.monotonic() + LEAVE_S
            if leave_by is not None and not replicas and history.at_rest:
                return
            time.sleep(LOOK_S)
    finally:
        if live:
            live.stop()


def _statuses(settings: Settings) -> list[WorkerStatus]:
    statuses = Statuses(settings.kafka, settings.topics.status)
    try:
        return list(statuses.read().values())
    finally:
        statuses.close()


def _print(console: Console, report: Report) -> None:
    table = Table(title="A store day", show_header=False)
    saved = (
        1 - report.replica_seconds / report.replica_seconds_always_on
        if report.replica_seconds_always_on
        else 0
    )
    rows = {
        "frames published": f"{report.published}",
        "detected / expired / dead": f"{report.detected} / {report.expired} / {report.dead_lettered}",
        "lost / duplicates": f"{report.lost} / {report.duplicates}",
        "workers": f"0 → {report.max_replicas} → {report.final_replicas}, woken {report.wakeups} times"
        + (f", {report.crashed} crashed" if report.crashed else ""),
        "woken to first detection": ", ".join(f"{s:.2f} s" for s in report.first_detection_s) or "none",
        "of it": "\n".join(
            " + ".join(f"{name} {s:.2f}" for name, s in phases.items())
            for phases in report.first_detection_phases_s
        )
        or "none",
        "latency, append to result": "none"
        if report.latency_s is None
        else f"p50 {report.latency_s['p50']:.2f} s, p99 {report.latency_s['p99']:.2f} s",
        f"within {report.slo_s:g} s": "none" if report.attainment is None else f"{report.attainment:.1%}",
        "worker-seconds": f"{report.replica_seconds:.0f}, {saved:.0%} below {report.max_replicas} always on",
        "KEDA's defaults, simulated": "unknown"
        if report.keda_default is None
        else f"{report.keda_default.replica_seconds:.0f} worker-seconds, "
        f"{report.keda_default.attainment:.1%} within {report.slo_s:g} s",
        "mAP50 out of Kafka": "truth not known" if report.map50 is None else f"{report.map50:.3f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)
    verdict = "[green]balanced[/]: every frame has an outcome, no worker is left"
    console.print(verdict if report.balanced else "[red]NOT balanced[/]")
