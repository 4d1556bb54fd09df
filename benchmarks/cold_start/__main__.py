"""
From the start of a process to a warm model, and to its first published result.

    pip install -e '.[demo,ultralytics]'
    python -m benchmarks.cold_start --report cold_start.json

About two minutes. A worker as it comes and the naive program of `benchmarks.pipeline` are started
in turn, over a frame that waits in a real Kafka, with the same weights at the same input. The page
cache is warm. The worker finds the model compiled by an earlier start, as it does where its cache
outlives it; and it is started without, as in a pod that is new on its node.

Joining the group is a step of its own, apart from the others: it is the broker's more than ours.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from benchmarks.cold_start.starts import Start, Starts
from benchmarks.command import run
from benchmarks.machine import describe_machine
from benchmarks.pipeline.backlog import backlog_topics, publish
from benchmarks.pipeline.pictures import VGA
from benchmarks.pipeline.torch_python import TorchPython, find_torch_python
from benchmarks.pipeline.worker_program import worker_program
from detectscale.embedded.kafka_server import EmbeddedKafka
from frames.clients import KafkaSettings
from frames.store import StoreCamera
from frames.topics import TopicSettings
from workers.model import ModelSettings

GOAL = 0.35
IMAGE_SIZE = 416
"""The longer side of the bundled model's input."""


def main(
    starts: Annotated[int, typer.Option(min=1, help="Of each program; medians are reported.")] = 9,
    naive_python: Annotated[
        Path | None, typer.Option(help="A Python with Ultralytics, torch and kafka-python; else this one.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Print how long a start takes, phase by phase, beside that of the naive program."""
    machine = describe_machine()
    print(f"{starts} starts of each program in turn, after one to warm up; {machine}", flush=True)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        torch_python = find_torch_python(naive_python, folder / "ultralytics")
        if isinstance(torch_python, str):
            print(f"no naive program: {torch_python}", flush=True)
        (folder / "kafka").mkdir()
        with EmbeddedKafka(folder / "kafka") as server:
            kafka = KafkaSettings(bootstrap_servers=server.bootstrap_servers)
            topics = backlog_topics(VGA, "cold-start")
            publish(kafka, topics, [StoreCamera(seed=9000).jpeg(t=5.0)[0]], frames=1)
            contest = Contest(kafka, topics, folder, torch_python)
            contest.round("warm-up")
            rounds = [contest.round(str(number)) for number in range(starts)]
    figures = summary(rounds)
    for line in lines(figures):
        print(line)
    if report is not None:
        raw = [{name: asdict(start) for name, start in each.items()} for each in rounds]
        report.write_text(json.dumps({"machine": machine, **figures, "rounds": raw}, indent=2) + "\n")


WORKER, FRESH, NAIVE = "worker", "worker without a cache", "naive"
Round = dict[str, Start]
"""One start of each program."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What is started, and over what."""

    kafka: KafkaSettings
    topics: TopicSettings
    folder: Path
    torch_python: TorchPython | str

    def round(self, number: str) -> Round:
        """Start each program once, in a group of its own."""
        starts = Starts(self.kafka, self.topics, self.folder)
        empty = self.folder / "no-cache"
        worker, fresh, naive = f"worker-{number}", f"fresh-{number}", f"naive-{number}"
        done = {
            WORKER: starts.worker(*self._worker(worker, self.folder), worker),
            FRESH: starts.worker(*self._worker(fresh, empty), fresh),
        }
        rmtree(empty)
        if isinstance(self.torch_python, TorchPython):
            command = self.torch_python.naive(
                self.kafka.bootstrap_servers, self.topics.frames, self.topics.detections, naive, IMAGE_SIZE
            )
            done[NAIVE] = starts.naive(command, self.torch_python.environment, naive)
        return done

    def _worker(self, name: str, folder: Path) -> tuple[list[str], dict[str, str]]:
        return worker_program(self.kafka, self.topics, ModelSettings(), name, folder)


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """Medians, each of its own; null where nothing was measured."""

    def over(program: str, figure: Callable[[Start], float]) -> float | None:
        known = [figure(each[program]) for each in rounds if program in each]
        return median(known) if known else None

    def phases(program: str) -> dict[str, float]:
        spent = [each[program].phases_s or {} for each in rounds]
        return {phase: median(one[phase] for one in spent) for phase in spent[0]}

    warm_s, naive_warm_s = (over(program, lambda start: start.warm_s) for program in (WORKER, NAIVE))
    return {
        "warm_s": warm_s,
        "first_result_s": over(WORKER, lambda start: start.first_result_s),
        "naive_warm_s": naive_warm_s,
        "naive_first_result_s": over(NAIVE, lambda start: start.first_result_s),
        "ratio": warm_s / naive_warm_s if warm_s and naive_warm_s else None,
        "goal": GOAL,
        "phases": phases(WORKER),
        "without_cache": {
            "warm_s": over(FRESH, lambda start: start.warm_s),
            "first_result_s": over(FRESH, lambda start: start.first_result_s),
            "phases": phases(FRESH),
        },
    }


def lines(figures: dict[str, Any]) -> list[str]:
    """For people."""

    def program(name: str, warm_s: float, first_s: float) -> str:
        return f"{name}: model warm after {warm_s:.3f} s, first result after {first_s:.3f} s"

    def steps(phases: dict[str, float]) -> str:
        return "    " + ", ".join(f"{phase} {seconds:.3f} s" for phase, seconds in phases.items())

    fresh = figures["without_cache"]
    told = [
        program(WORKER, figures["warm_s"], figures["first_result_s"]),
        steps(figures["phases"]),
        program(FRESH, fresh["warm_s"], fresh["first_result_s"]),
        steps(fresh["phases"]),
    ]
    if figures["ratio"] is not None:
        told.append(program(NAIVE, figures["naive_warm_s"], figures["naive_first_result_s"]))
        told.append(f"warm, worker over naive program: {figures['ratio']:.3f} (goal: at most {GOAL:g})")
    return told


if __name__ == "__main__":
    run(main)
