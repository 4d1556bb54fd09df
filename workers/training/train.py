"""
Train a detector from random weights: `detectscale train`.

A plain loop around Ultralytics' model and loss. Its own trainer does not use bfloat16 on
a CPU (half the time where the CPU has it), cannot train data-parallel there, and writes
paths and dates into its checkpoints.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from frames.errors import ConfigError
from workers.training.augment import augment, batches
from workers.training.checkpoint import Checkpoint
from workers.training.course import Course, TrainSettings, prepare
from workers.training.evaluate import MeanAveragePrecision
from workers.training.export import export
from workers.training.formats import ENDINGS, WRITERS
from workers.training.replicas import Group, replicas
from workers.training.trainer import Trainer
from workers.training.ultralytics_import import import_ultralytics

log = logging.getLogger(__name__)


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


def train(
    settings: TrainSettings,
    output: Path,
    report: Callable[[Epoch], None],
    checkpoint: Path | None = None,
    kind: str | None = None,
) -> None:
    """
    Train, and write the best epoch's weights to *output*, a `.pt` file that Ultralytics loads.

    The best epoch is the one with the highest `map50_95` of the end-to-end head on the
    validation images. A training that was cut short, by whatever, goes on after its last whole
    epoch when it is started again; one that was finished writes its export again, and no more.

    Args:
        settings: Under torchrun, the same for every process.
        output: It and *checkpoint* are read and written by the first process alone.
        report: Called by the first process after each epoch.
        checkpoint: The file from which it goes on, written after each epoch; beside *output* if
            not given. To start anew, remove it.
        kind: A format (see `ENDINGS`) in which the result is exported beside *output*, with its
            manifest, for inputs of the size that it was trained at.

    Raises:
        ConfigError: Ultralytics is not installed, the folder cannot be used or holds too little,
            the checkpoint is of another training, or the processes differ in what they were given.
    """
    import_ultralytics()  # what is missing is said before minutes of drawing
    if kind:
        WRITERS[kind].check()
    course = prepare(settings)
    with replicas(settings, partial(_follow, course)) as group:
        for epoch in run(course, output, checkpoint or output.with_suffix(".checkpoint"), group):
            report(epoch)
    if kind and group.rank == 0:
        target = output.with_name(output.stem + ENDINGS[kind])
        export(output, target, settings.width, settings.height, "end-to-end")


def run(course: Course, output: Path, checkpoint: Path, group: Group) -> Iterator[Epoch]:
    """Go through the epochs as a process of *group*; the first validates, saves, and yields them."""
    settings, course_digest = course.settings, course.digest()
    group.agree(course_digest, "settings or images")
    steps = len(course.training) // settings.batch_size * settings.epochs
    trainer = Trainer(settings, course.labels, steps, group.device)
    started, done, best = time.monotonic(), 0, -1.0
    # Without weights there is no best epoch to compare with.
    resumable = group.rank == 0 and checkpoint.exists() and output.exists()
    if content := group.from_first(checkpoint.read_bytes() if resumable else b""):
        found = _resume(trainer, course_digest, content, checkpoint)
        done, best = found.epoch, found.best
        log.info("%s: goes on after epoch %d of %d", checkpoint, done, settings.epochs)
    for number in range(done + 1, settings.epochs + 1):
        loss = _run_epoch(trainer, course, number, group)
        group.agree(trainer.digest(), "parameters")
        if group.rank == 0:
            scores = trainer.validate(course.validation)
            if saved := scores.map50_95 > best:
                best = scores.map50_95
                trainer.save(output)
            Checkpoint(course_digest, number, best, trainer.state()).write(checkpoint)
            elapsed = time.monotonic() - started
            remaining = elapsed / (number - done) * (settings.epochs - number)
            yield Epoch(number, loss, scores, saved, elapsed, remaining)
    log.info("process %d of %d: parameters %s", group.rank, group.count, trainer.digest())


def _resume(trainer: Trainer, course_digest: str, content: bytes, place: Path) -> Checkpoint:
    found = Checkpoint.of(content, str(place))
    if found.course != course_digest:
        raise ConfigError(f"{place}: a checkpoint of other settings or images; remove it to start anew")
    try:
        trainer.restore(found.trainer, found.epoch)
    except Exception as error:  # whatever a stranger's state brings about
        raise ConfigError(f"{place}: does not fit the model: {str(error).splitlines()[0]}") from error
    return found


def _follow(course: Course, group: Group) -> None:
    """Take part in the training as a process that is not the first."""
    for _ in run(course, Path(), Path(), group):
        pass


def _run_epoch(trainer: Trainer, course: Course, number: int, group: Group) -> float:
    """
    Take a step per batch, and return the mean loss.

    Images are augmented between the steps, not in a thread beside them: on a CPU the two fight
    for the same cores, and torch's threads wait for the one that lost (measured: a third slower).
    """
    settings = course.settings
    shuffle = np.random.default_rng([settings.seed, number])
    rng = np.random.default_rng([settings.seed, number, group.rank])
    trainer.begin_epoch(number, group.rank)
    losses = []
    for indices in batches(len(course.training), settings.batch_size, shuffle):
        mine = indices[group.rank :: group.count]
        views = [augment(course.training[i], settings.width, settings.height, rng) for i in mine]
        losses.append(trainer.take_step(views))
    trainer.end_epoch()
    return float(np.mean(losses))
