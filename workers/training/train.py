"""
Train a detector from random weights: `detectscale train`.

A plain loop around Ultralytics' model and loss. Its own trainer does not use bfloat16 on
a CPU (half the time where the CPU has it), cannot train data-parallel there, and writes
paths and dates into its checkpoints.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from workers.training.augment import augment, batches
from workers.training.course import Course, TrainSettings, prepare
from workers.training.evaluate import MeanAveragePrecision
from workers.training.replicas import replicas
from workers.training.trainer import Trainer
from workers.training.ultralytics_import import import_ultralytics


@dataclass(frozen=True, slots=True)
class Epoch:
    """How one epoch went."""

    number: int
    """From 1."""
    loss: float
    """Mean over the epoch, per image."""
    validation: MeanAveragePrecision
    saved: bool
    """Whether these are the best weights so far, and in the file."""
    elapsed_s: float
    remaining_s: float
    """Expected, at the pace so far."""


def train(settings: TrainSettings, output: Path, report: Callable[[Epoch], None]) -> None:
    """
    Train, and write the best epoch's weights to *output*, a `.pt` file that Ultralytics loads.

    The best epoch is the one with the highest `map50_95` of the end-to-end head on the
    validation images. An interruption (Ctrl-C) passes through, and costs only what came
    after the last epoch that `report` called saved.

    Raises:
        ConfigError: Ultralytics is not installed, or the folder cannot be used or holds too little.
    """
    import_ultralytics()  # what is missing is said before minutes of drawing
    course = prepare(settings)
    with replicas(settings.processes, partial(_follow, course)):
        for epoch in run(course, output, rank=0):
            report(epoch)


def run(course: Course, output: Path, rank: int) -> Iterator[Epoch]:
    """Go through the epochs as process *rank*; rank 0 validates, saves, and yields them."""
    settings, count = course.settings, len(course.training)
    trainer = Trainer(settings, course.labels, count // settings.batch_size * settings.epochs)
    started, best = time.monotonic(), -1.0
    for number in range(1, settings.epochs + 1):
        loss = _run_epoch(trainer, course, number, rank)
        if rank == 0:
            scores = trainer.validate(course.validation)
            if saved := scores.map50_95 > best:
                best = scores.map50_95
                trainer.save(output)
            elapsed = time.monotonic() - started
            yield Epoch(number, loss, scores, saved, elapsed, elapsed / number * (settings.epochs - number))


def _follow(course: Course, rank: int) -> None:
    """Take part in the training as process *rank*, which is not the first."""
    for _ in run(course, Path(), rank):
        pass


def _run_epoch(trainer: Trainer, course: Course, number: int, rank: int) -> float:
    """
    Take a step per batch, and return the mean loss.

    Images are augmented between the steps, not in a thread beside them: on a CPU the two fight
    for the same cores, and torch's threads wait for the one that lost (measured: a third slower).
    """
    settings = course.settings
    shuffle = np.random.default_rng([settings.seed, number])
    rng = np.random.default_rng([settings.seed, number, rank])
    losses = []
    for indices in batches(len(course.training), settings.batch_size, shuffle):
        mine = indices[rank :: settings.processes]
        views = [augment(course.training[i], settings.width, settings.height, rng) for i in mine]
        losses.append(trainer.take_step(views))
    trainer.end_epoch()
    return float(np.mean(losses))
