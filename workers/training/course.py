"""What a training is given: its settings, and the images to learn from and to validate on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from frames.errors import ConfigError
from frames.store import LABELS
from workers.training.dataset import (
    TRAINING_CAMERAS,
    VALIDATION_CAMERAS,
    Example,
    draw_examples,
    read_examples,
    read_labels,
)

CAMERAS_PER_VALIDATION_CAMERA = 25
VALIDATION_FRAMES = 6
"""Of each validation camera."""
WHERE = ("data", "device", "processes", "backend")
"""Settings that say where a training runs; one that was cut short may go on elsewhere."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Everything that decides the outcome of a training."""

    data: Path | None = None
    """A folder in the Ultralytics layout, with a `data.yaml`; None is the synthetic store."""
    cameras: int = 300
    """How many cameras of the store to learn from, 1 to 1000."""
    frames_per_camera: int = 10
    architecture: str = "yolo26n.yaml"
    """A model description that Ultralytics ships; the letter is the size."""
    width: int = 320
    """Width of what the model sees, in pixels; a multiple of 32."""
    height: int = 256
    epochs: int = 10
    batch_size: int = 16
    """Images per step, of all processes together."""
    learning_rate: float = 0.002
    """The highest one, after warming up."""
    seed: int = 0
    device: str = "cpu"
    """As torch names it: `cpu`, `cuda`, `cuda:1`."""
    processes: int = 1
    """
    Processes that share the work, each with its part of the cores. Two with one thread each are
    faster than one with two (measured: 72 ms per image and thread, 42 ms with two threads).
    torchrun starts its own, and leaves it at 1.
    """
    backend: str | None = None
    """How processes talk: `gloo` or `nccl`; None is nccl on `cuda`, else gloo."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What all processes of a training share."""

    settings: TrainSettings
    labels: Sequence[str]
    training: Sequence[Example]
    validation: Sequence[Example]

    def digest(self) -> str:
        """
        SHA-256, in hex, of what decides the outcome: settings, labels, and the images of a folder.

        Images that were drawn are not in it: their last bits may differ between kinds of CPU.
        """
        settings = {name: value for name, value in asdict(self.settings).items() if name not in WHERE}
        counts = len(self.training), len(self.validation)
        sha256 = hashlib.sha256(json.dumps([settings, *self.labels, counts]).encode())
        if self.settings.data:
            for example in (*self.training, *self.validation):
                for part in (example.encoded, example.classes.tobytes(), example.boxes.tobytes()):
                    sha256.update(hashlib.sha256(part).digest())
        return sha256.hexdigest()


def prepare(settings: TrainSettings) -> Course:
    """
    Draw or read the images.

    Raises:
        ConfigError: The folder cannot be used, or holds too little.
    """
    course = _from_folder(settings, settings.data) if settings.data else _from_store(settings)
    if len(course.training) < settings.batch_size:
        raise ConfigError(
            f"training: {len(course.training)} images do not fill a batch of {settings.batch_size}"
        )
    if not any(len(example.boxes) for example in course.validation):
        raise ConfigError(f"{settings.data}: no image for validation has an object")
    return course


def _from_folder(settings: TrainSettings, folder: Path) -> Course:
    training, validation = read_examples(folder, "train"), read_examples(folder, "val")
    return Course(settings, read_labels(folder), training, validation)


def _from_store(settings: TrainSettings) -> Course:
    training_cameras = TRAINING_CAMERAS[: settings.cameras]
    validation_cameras = VALIDATION_CAMERAS[: max(1, settings.cameras // CAMERAS_PER_VALIDATION_CAMERA)]
    training = draw_examples(training_cameras, settings.frames_per_camera, processes=settings.processes)
    validation = draw_examples(validation_cameras, VALIDATION_FRAMES, processes=settings.processes)
    return Course(settings, LABELS, training, validation)
