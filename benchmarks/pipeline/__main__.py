"""
End to end, Kafka to Kafka, against the engine alone and against a naive program.

    pip install -e '.[demo,ultralytics]'
    python -m benchmarks.pipeline --report pipeline.json

About fifteen minutes on two cores, which nobody else may use meanwhile. The frames lie in a real
Kafka, which shares the machine: its CPU is reported, and beside each ratio of frames per second
stands one of CPU seconds. Both detectors run the bundled weights; ours at 640x640, `YOLO.predict`
at up to 640, since it leaves the padding out.

The bundled ONNX file is for a smaller input, and its shape cannot be changed (its attention
reshapes to constants): the weights are exported anew, for which Ultralytics and torch are needed.
Without them `--model` names a file that `detectscale export` wrote elsewhere, and the naive program
is left out.

Memory over many frames: `--case fastest --rounds 1 --frames 100000` (7 GB of disk).
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from benchmarks.command import run
from benchmarks.machine import describe_machine
from benchmarks.pipeline.backlog import backlog_topics, publish
from benchmarks.pipeline.bare import measure_apart
from benchmarks.pipeline.cases import CASES, Bare, Case, Naive, Outcome, Round
from benchmarks.pipeline.pictures import Size, draw
from benchmarks.pipeline.torch_python import TorchPython, find_torch_python
from benchmarks.pipeline.worker_program import worker_program
from benchmarks.pipeline.working_off import Throughput, work_off
from benchmarks.usage import child_running
from detectscale.embedded.kafka_server import EmbeddedKafka
from frames.clients import KafkaSettings
from frames.errors import ConfigError
from frames.topics import TopicSettings, create_topics
from workers.model import ModelSettings

GOALS = {"f32": 0.95, "fastest": 0.83, "1080p": 0.75}
NAIVE_GOAL = 0.85
IMAGE_SIZE = 640
WARM_UP_FRAMES = 600


def main(
    frames: Annotated[int, typer.Option(min=20, help="Of one run; on one core its share of them.")] = 1500,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each case; medians are reported.")] = 3,
    bare_s: Annotated[float, typer.Option(min=0.1, help="Each run of an engine alone.")] = 10.0,
    naive_frames: Annotated[int, typer.Option(min=20, help="Of one run of the naive program.")] = 300,
    case: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(case.name for case in CASES)}; repeatable; all if not given."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="The bundled weights for 640x640; exported here if not given.")
    ] = None,
    naive_python: Annotated[
        Path | None, typer.Option(help="A Python with Ultralytics, torch and kafka-python; else this one.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Print for each case what a worker makes of the engine, and how that compares with the naive program."""
    names = case or [each.name for each in CASES]
    if unknown := set(names) - {each.name for each in CASES}:
        raise ConfigError(f"--case {', '.join(sorted(unknown))}: there is no such case")
    chosen = [each for each in CASES if each.name in names]
    machine = describe_machine()
    print(
        f"{', '.join(names)}: {rounds} runs of {frames} frames, the engine for {bare_s:g} s before and after "
        f"each, the naive program over {naive_frames}; {machine}",
        flush=True,
    )
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        torch_python = _torch_python(naive_python, model, folder)
        model = model or torch_python.export(folder)  # type: ignore[union-attr]  # one of them is there
        (folder / "kafka").mkdir()
        with EmbeddedKafka(folder / "kafka") as server:
            kafka = KafkaSettings(bootstrap_servers=server.bootstrap_servers)
            bench = Bench(kafka, child_running(b"kafka.Kafka"), model, torch_python, folder)
            measured = {}
            for size in dict.fromkeys(each.size for each in chosen):
                bench.prepare(size, max(frames, naive_frames, WARM_UP_FRAMES))
            bench.warm_broker(chosen[0])
            for each in chosen:
                measured[each.name] = list(bench.rounds(each, rounds, frames, bare_s, naive_frames))
                outcome = Outcome.of(measured[each.name])
                print(each.name, *outcome.lines(), sep="\n    ", flush=True)
    outcomes = {name: Outcome.of(of_case) for name, of_case in measured.items()}
    if report is not None:
        report.write_text(json.dumps(_figures(machine, frames, measured, outcomes), indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class Bench:
    """All that stays the same from run to run."""

    kafka: KafkaSettings
    broker: int
    """Its process."""
    model: Path
    torch_python: TorchPython | None
    folder: Path

    def prepare(self, size: Size, frames: int) -> None:
        """Draw and publish the frames of *size*."""
        pictures = draw(size, self._pictures(size))
        publish(self.kafka, backlog_topics(size, "none"), pictures, frames)
        kilobytes = sorted(len(picture) / 1000 for picture in pictures)
        print(f"frames of {size}: {kilobytes[0]:.0f} to {kilobytes[-1]:.0f} kB", flush=True)

    def warm_broker(self, case: Case) -> None:
        """
        Let a worker run that does not count: a broker just started needs 2.2 ms of CPU per frame, later 0.8.

        It compiles what it does often, and would be as new for whatever came first.
        """
        self._worker(case, "warm-up", WARM_UP_FRAMES, sorted(os.sched_getaffinity(0)))

    def rounds(
        self, case: Case, rounds: int, frames: int, bare_s: float, naive_frames: int
    ) -> Iterator[Round]:
        """Engine, worker, engine, and where the case asks for it the naive program; again and again."""
        everywhere = sorted(os.sched_getaffinity(0))
        cores = everywhere[:1] if case.one_core else everywhere
        frames = -(-frames * len(cores) // len(everywhere))
        after = self._bare(case, len(cores), bare_s)
        for number in range(rounds):
            before, name = after, f"{case.name}-{number}"
            worker = self._worker(case, name, frames, cores)
            after = self._bare(case, len(cores), bare_s)
            naive = None
            if case.beside_naive and self.torch_python is not None:
                naive = self._naive(self.torch_python, case, name, naive_frames, bare_s)
            yield Round(before, worker, after, naive)

    def _bare(self, case: Case, cores: int, seconds: float) -> Bare:
        return Bare(**measure_apart(self._pictures(case.size), self.model, case.precision, cores, seconds))

    def _worker(self, case: Case, name: str, frames: int, cores: Sequence[int]) -> Throughput:
        topics = self._topics(case, name)
        settings = ModelSettings(path=str(self.model), precision=case.precision, threads=len(cores))
        command, environment = worker_program(self.kafka, topics, settings, name, self.folder)
        return self._work_off(command, environment, name, topics, frames, cores)

    def _naive(self, python: TorchPython, case: Case, name: str, frames: int, bare_s: float) -> Naive:
        topics = self._topics(case, f"{name}-naive")
        command = python.naive(
            self.kafka.bootstrap_servers, topics.frames, topics.detections, f"{name}-naive", IMAGE_SIZE
        )
        everywhere = sorted(os.sched_getaffinity(0))
        program = self._work_off(command, python.environment, f"{name}-naive", topics, frames, everywhere)
        return Naive(program, Bare(**python.predict(self._pictures(case.size), IMAGE_SIZE, bare_s)))

    def _work_off(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        name: str,
        topics: TopicSettings,
        frames: int,
        cores: Sequence[int],
    ) -> Throughput:
        log = self.folder / f"{name}.log"
        return work_off(command, environment, log, self.kafka, topics.detections, frames, self.broker, cores)

    def _topics(self, case: Case, run: str) -> TopicSettings:
        topics = backlog_topics(case.size, run)
        create_topics(self.kafka, topics)
        return topics

    def _pictures(self, size: Size) -> Path:
        return self.folder / str(size)


def _torch_python(path: Path | None, model: Path | None, folder: Path) -> TorchPython | None:
    """None: it cannot be had, and a model was given, so that it is not needed."""
    found = find_torch_python(path, folder / "ultralytics")
    if isinstance(found, TorchPython):
        return found
    if model is None:
        raise ConfigError(f"no model for 640x640, and no naive program: {found}")
    print(f"no naive program: {found}", flush=True)
    return None


def _figures(
    machine: str, frames: int, measured: dict[str, list[Round]], outcomes: dict[str, Outcome]
) -> dict[str, Any]:
    """The goals' figures, null where they were not measured, and all that they are made of."""
    fastest = outcomes.get("fastest")
    return {
        "machine": machine,
        "frames": frames,
        **{f"ratio_{name}": outcomes[name].ratio if name in outcomes else None for name in GOALS},
        "times_naive": fastest and fastest.times_naive,
        "times_naive_share": fastest and fastest.times_naive_share,
        "predict_per_s": fastest and fastest.predict_per_s,
        "goals": {f"ratio_{name}": goal for name, goal in GOALS.items()} | {"times_naive_share": NAIVE_GOAL},
        "cases": {name: asdict(outcome) for name, outcome in outcomes.items()},
        "rounds": {name: [asdict(each) for each in of_case] for name, of_case in measured.items()},
    }


if __name__ == "__main__":
    run(main)
