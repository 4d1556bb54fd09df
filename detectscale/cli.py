"""
The command line: words in, one call of a plain function out.

Each command imports what it needs when it runs, so that `--help` and a worker's cold
start pay for nothing else. Results go to stdout, logs to stderr. Exit status: 0 done,
1 failed, 2 wrong usage or configuration.
"""

import logging
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from detectscale.service import interrupt_on_sigterm
from frames.errors import ConfigError, DetectscaleError

if TYPE_CHECKING:
    from detectscale.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Object detection on Kafka image frames, with workers that scale from zero.\n\n"
    "Start with `detectscale demo`, then `detectscale up`.",
)

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; the one that came with detectscale if not given."),
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir", help="Where embedded servers keep data and logs; `~/.local/state/detectscale`."
    ),
]
Source = Annotated[
    str, typer.Option("--source", help="`store`, `store:SEED`, a folder, a video file or an `rtsp://` URL.")
]


class Head(StrEnum):
    """The two heads of YOLO26 (see `workers.training.export`)."""

    END_TO_END = "end-to-end"
    ONE_TO_MANY = "one-to-many"


def main() -> NoReturn:
    """Run the command line; a failure that a person can act upon is one line, without a traceback."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname).1s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # reports every reconnect; ours report what matters
    interrupt_on_sigterm()
    try:
        app()
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except DetectscaleError as error:
        print(f"detectscale: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("detectscale: stopped", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


@app.command()
def demo(
    source: Source = "store",
    model: Annotated[Path | None, typer.Option(help="An ONNX model instead of the bundled one.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run a model whose digest nobody vouches for.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write some frames with their boxes into this folder.")
    ] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    A store day in about two minutes: quiet, a rush, quiet, a second wake-up.

    Frames enter a real Kafka, workers start from zero, detect, publish, and are gone again.
    Exit status 0 only if every frame has an outcome and no worker is left.

    Example: `detectscale demo --report demo.json --save boxes/`

    Example: `detectscale demo --source lobby.mp4`
    """
    from detectscale.demo import run_demo
    from detectscale.places import Places

    settings = _settings(config, model, trust)
    if not run_demo(settings, Places.of(state_dir), source, report, save):
        sys.exit(1)


@app.command()
def up(
    model: Annotated[Path | None, typer.Option(help="An ONNX model instead of the bundled one.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run a model whose digest nobody vouches for.")
    ] = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Kafka, Redis, the autoscaler and its workers on this machine, until Ctrl-C.

    In another terminal: `detectscale publish bus.jpg`, `detectscale camera lobby.mp4`,
    `detectscale results --follow`.

    Example: `detectscale up`
    """
    from detectscale.places import Places
    from detectscale.up import run_up

    run_up(_settings(config, model, trust), Places.of(state_dir))


@app.command()
def publish(
    files: Annotated[list[Path], typer.Argument(help="JPEG or PNG files.", metavar="FILE...")],
    camera: Annotated[str, typer.Option(help="The camera they are from.")] = "files",
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Send whatever the files hold; broken ones end as dead letters.")
    ] = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Send images once, and print the id of each frame the broker has acknowledged.

    Example: `detectscale publish bus.jpg street.png --camera door`
    """
    from detectscale.places import Places
    from detectscale.publish import publish_files

    publish_files(Places.of(state_dir).connected(_settings(config)), files, camera, as_is)


@app.command()
def camera(
    source: Annotated[
        str, typer.Argument(help="`store`, `store:SEED`, a folder, a video file or an `rtsp://` URL.")
    ],
    name: Annotated[
        str | None, typer.Option(help="The camera's id; made from the source if not given.")
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Stop after this many frames.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Publish a camera's frames at its own rate until it ends or Ctrl-C.

    Example: `detectscale camera rtsp://10.0.0.5/stream1 --name door`

    Example: `detectscale camera lobby.mp4 --frames 500`
    """
    from detectscale.places import Places
    from detectscale.publish import publish_camera

    publish_camera(Places.of(state_dir).connected(_settings(config)), source, name, frames)


@app.command()
def results(
    follow: Annotated[
        bool, typer.Option("--follow", help="Print outcomes as they come, until Ctrl-C.")
    ] = False,
    frame: Annotated[str | None, typer.Option(help="Only the outcome of the frame with this id.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only the newest result of this camera.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Print results, one JSON object a line: the newest of each camera, or all that come.

    Example: `detectscale results --camera door`

    Example: `detectscale results --follow | jq .detections`
    """
    from detectscale.places import Places
    from detectscale.show_results import show_results

    show_results(Places.of(state_dir).connected(_settings(config)), follow, frame, camera)


@app.command()
def project(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Forget the projection and make it anew from Kafka.")
    ] = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Keep Redis in step with the outcome topics, until Ctrl-C.

    Example: `detectscale project --rebuild`
    """
    import random

    from detectscale.places import Places
    from detectscale.service import stop_on_signals
    from frames.projector import Projector

    settings = Places.of(state_dir).connected(_settings(config))
    projector = Projector(settings.kafka, settings.topics, settings.redis, random.SystemRandom())
    if rebuild:
        projector.rebuild()
    projector.run(stop_on_signals())


@app.command()
def worker(
    worker_id: Annotated[str | None, typer.Option(help="Its name in statuses and results.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Run one worker until SIGTERM: it finishes what it has begun, commits and leaves.

    Example: `DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 detectscale worker`
    """
    from detectscale.places import Places
    from workers.start import run_worker

    places = Places.of(state_dir)
    settings = places.connected(_settings(config))
    run_worker(
        settings.kafka, settings.topics, settings.worker, settings.model, places.model_cache, worker_id
    )


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="The .pt file to write.")],
    data: Annotated[
        Path | None, typer.Option(help="A folder in the Ultralytics layout; the drawn store if not given.")
    ] = None,
    cameras: Annotated[int, typer.Option(min=1, max=1000, help="Cameras of the store to learn from.")] = 300,
    frames_per_camera: Annotated[int, typer.Option(min=1)] = 10,
    width: Annotated[int, typer.Option(min=32, help="Of what the model sees; a multiple of 32.")] = 320,
    height: Annotated[int, typer.Option(min=32, help="Of what the model sees; a multiple of 32.")] = 256,
    epochs: Annotated[int, typer.Option(min=1)] = 10,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per step, of all processes together.")] = 16,
    architecture: Annotated[str, typer.Option(help="A model that Ultralytics describes.")] = "yolo26n.yaml",
    processes: Annotated[int, typer.Option(min=1, help="Share the work among so many processes.")] = 1,
    device: Annotated[str, typer.Option(help="As torch names it: cpu, cuda, cuda:1.")] = "cpu",
    learning_rate: Annotated[float, typer.Option(min=0, help="The highest one, after warming up.")] = 0.002,
    seed: int = 0,
) -> None:
    """
    Train a small YOLO from random weights; needs `pip install 'detectscale[ultralytics]'`.

    Example: `detectscale train --output store.pt --processes 2`

    Example: `detectscale train --output mine.pt --data shelves/ --epochs 50 --device cuda`
    """
    from detectscale.training import train_shown
    from workers.training.course import TrainSettings

    settings = TrainSettings(
        data=data,
        cameras=cameras,
        frames_per_camera=frames_per_camera,
        architecture=architecture,
        width=width,
        height=height,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
        processes=processes,
    )
    train_shown(settings, output)


@app.command()
def export(
    weights: Annotated[Path, typer.Argument(help="Trained weights.", metavar="WEIGHTS.pt")],
    output: Annotated[
        Path | None, typer.Option(help="The .onnx file; beside the weights if not given.")
    ] = None,
    width: Annotated[int, typer.Option(min=32, help="Of the input; a multiple of 32.")] = 640,
    height: Annotated[int, typer.Option(min=32, help="Of the input; a multiple of 32.")] = 480,
    head: Annotated[Head, typer.Option(help="end-to-end needs no NMS; one-to-many finds a little more.")] = (
        Head.END_TO_END
    ),
) -> None:
    """
    Turn weights into an ONNX model with its manifest, ready for `--model`.

    Example: `detectscale export store.pt --width 640 --height 480`
    """
    from workers.training.export import export as run_export

    manifest = run_export(weights, output or weights.with_suffix(".onnx"), width, height, head.value)
    print(f"{output or weights.with_suffix('.onnx')}: {', '.join(manifest.labels)}")


@app.command()
def simulate(
    arrivals: Annotated[
        Path | None, typer.Option(help="CSV or CSV.gz of arrival instants in seconds, one column `at`.")
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(metavar="FILE_OR_TOPIC", help="Instead: make the decisions of a journal again."),
    ] = None,
    what_if: Annotated[
        list[str] | None, typer.Option(help="With --journal: a policy setting to try, key=value; repeatable.")
    ] = None,
    slo_s: Annotated[float, typer.Option("--slo-s", help="From append to result.")] = 60.0,
    overhead_s: Annotated[float, typer.Option("--overhead-s", help="a of s(b) = a + c*b.")] = 0.5,
    per_frame_s: Annotated[float, typer.Option("--per-frame-s", help="c of s(b) = a + c*b.")] = 0.5,
    max_batch: int = 8,
    cv: Annotated[float, typer.Option(help="Coefficient of variation of service times.")] = 0.1,
    partitions: int = 24,
    cold_start: Annotated[
        str, typer.Option(help="Seconds from decision to ready, or a CSV `quantile,seconds`.")
    ] = "35",
    rebalance_s: Annotated[float, typer.Option("--rebalance-s", help="Pause when workers come or go.")] = 3.0,
    min_replicas: Annotated[int, typer.Option("--min")] = 0,
    max_replicas: Annotated[int | None, typer.Option("--max", help="One per partition if not given.")] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each policy.")] = 3,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="deadline-drain, keda-default, keda-rule, keda-grid, always-on; repeatable."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the table as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw replicas, backlog and age over time.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    What scalers would have cost on a trace, and how late, beside a clairvoyant bound.

    With `--journal` it makes the decisions of a running or past system again instead: from a file of
    JSON lines, or from the topic `decisions`. Exit status 1 if one comes out differently.

    Example: `detectscale simulate --arrivals day.csv --slo-s 60 --plot day.png`

    Example: `detectscale simulate --arrivals day.csv --policy keda-default --policy deadline-drain`

    Example: `detectscale simulate --journal decisions --what-if slo_s=5`
    """
    if journal is not None:
        from detectscale.places import Places
        from detectscale.replay import replay_journal

        if not replay_journal(journal, _settings(config), Places.of(state_dir), what_if or []):
            sys.exit(1)
        return
    if arrivals is None:
        raise ConfigError("simulate: nothing to simulate; name --arrivals FILE or --journal FILE_OR_TOPIC")
    from detectscale.simulate import simulate as run_simulation

    run_simulation(
        arrivals,
        slo_s,
        overhead_s,
        per_frame_s,
        max_batch,
        cv,
        partitions,
        cold_start,
        rebalance_s,
        min_replicas,
        max_replicas,
        seeds,
        policy or ["deadline-drain", "keda-default", "keda-rule"],
        report,
        plot,
    )


def _settings(config: Path | None, model: Path | None = None, trust: bool = False) -> "Settings":
    """The settings of the file and the environment, with what the command line says of the model."""
    from detectscale.settings import config_file, load_settings

    settings = load_settings(config_file(config), os.environ)
    given = {
        "path": model.absolute() if model else settings.model.path,
        "trust": trust or settings.model.trust,
    }
    return settings.model_copy(update={"model": settings.model.model_copy(update=given)})
