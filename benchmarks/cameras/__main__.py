"""
Cameras that ask for most of what this machine can detect, and for twice as much.

    python -m benchmarks.cameras --report cameras.json --minutes 5

Engines alone are measured before and after each run: machines do not stay as fast as they were. A run is as
under `detectscale up`: broker, policy, workers, projector, and `detectscale camera` with eight cameras, whose
pictures were drawn beforehand and go out as they lie on disk, so that cameras take little from the cores they
share with the workers. At 0.8 of the capacity nearly all are to be detected within the goal; at twice the
capacity the machine is to detect nearly as much as it can, fairly, and to count the rest.

The bundled model needs so little of a core for a frame that all the rest weighs most beside it. `--model`
names one of a usual size, for instance the same weights as they are in `benchmarks.pipeline`:

    detectscale export workers/bundled/store-yolo26n.pt --width 640 --height 640 --output store-640.onnx
"""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.cameras.capacity import capacity
from benchmarks.cameras.drawing import draw
from benchmarks.cameras.phase import Phase, run_phase
from benchmarks.command import run
from benchmarks.machine import describe_machine
from detectscale.places import Places
from detectscale.runtime import local_policy, local_runtime
from detectscale.settings import Settings, load_settings
from frames.errors import DetectscaleError

TO_RESULT_S = 0.5
"""From a frame's turn to its result in Kafka: a busy worker gathers results for up to 0.4 s."""
GOALS = {"share_within_goal_at_0.8": 0.98, "share_of_capacity_at_2": 0.8}


def main(
    minutes: Annotated[float, typer.Option(min=0.1, help="Of each of the two runs.")] = 5.0,
    goal_s: Annotated[
        float, typer.Option(min=1, help="From capture to result; what would miss it expires.")
    ] = 5.0,
    capacity_s: Annotated[float, typer.Option(min=1, help="How long the engines alone are measured.")] = 20.0,
    model: Annotated[Path | None, typer.Option(help="ONNX; the bundled model if not given.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Print how many frames were detected within the goal, and what became of the others."""
    machine, named = describe_machine(), model.name if model else "the bundled model"
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        logging.basicConfig(filename=folder / "benchmark.log", level=logging.INFO)
        places = Places(folder / "state", Places.of(None).cache)
        settings = _settings(goal_s, model)
        print(f"{named}, goal {goal_s:g} s, {minutes:g} minutes each; {machine}", flush=True)
        pictures = draw(folder / "pictures")
        workers = local_policy(settings).max_replicas
        print(f"{len(pictures)} cameras, {workers} engines", flush=True)

        def measured() -> float:
            return capacity(settings, places, workers, folder / "pictures", capacity_s)

        rates, phases = [measured()], []
        with local_runtime(settings, places, lambda observation, decision: None) as runtime:
            for times in (0.8, 2.0):
                phases.append(run_phase(runtime, pictures, times, rates[-1], minutes * 60, goal_s, folder))
                rates.append(measured())
                print(
                    f"engines alone {rates[-2]:.1f}, then {rates[-1]:.1f} frames/s\n{phases[-1]}", flush=True
                )
    figures = {"machine": machine, "model": named, **_figures(goal_s, workers, rates, phases)}
    print(f"at twice the capacity {figures['share_of_capacity_at_2']:.2f} of it was detected")
    if report is not None:
        report.write_text(json.dumps(figures, indent=2) + "\n")
    if unaccounted := [phase for phase in phases if not phase.accounted]:
        raise DetectscaleError(f"{len(unaccounted)} of {len(phases)} runs do not add up: see above")


def _settings(goal_s: float, model: Path | None) -> Settings:
    """The defaults, with a goal, a model, and frames that expire when they are about to miss it."""
    settings = load_settings(None, {})
    return settings.model_copy(
        update={
            "worker": settings.worker.model_copy(update={"max_age_s": goal_s - TO_RESULT_S}),
            "policy": settings.policy.model_copy(update={"slo_s": goal_s}),
            "model": settings.model.model_copy(update={"path": model and str(model.absolute())}),
        }
    )


def _figures(goal_s: float, workers: int, rates: list[float], phases: list[Phase]) -> dict[str, object]:
    within, twice = phases
    return {
        "goal_s": goal_s,
        "workers": workers,
        "capacity_per_s": rates,
        "share_within_goal_at_0.8": within.share_within_goal,
        "share_of_capacity_at_2": twice.detected_per_s / mean(rates[-2:]),
        "fairness_at_2": twice.fairness,
        "accounted": all(phase.accounted for phase in phases),
        "goals": GOALS,
        "phases": [asdict(phase) for phase in phases],
    }


if __name__ == "__main__":
    run(main)
