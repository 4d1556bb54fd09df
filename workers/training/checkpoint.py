"""
Where a training stands after an epoch: a file from which it goes on if it was cut short.

The file is replaced as a whole, so that a process that is killed while writing leaves the one before.
No state of a random generator is in it: each epoch begins its own, from the seed and its number.
"""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from frames.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What the file holds."""

    course: str
    """Of which training it is: `Course.digest`."""
    epoch: int
    """The last one that was finished, from 1."""
    best: float
    """The highest `map50_95` so far; the weights that have it are in the output."""
    trainer: dict[str, Any]
    """See `Trainer.state`."""

    def write(self, path: Path) -> None:
        """Replace the file at *path*."""
        import torch

        content = io.BytesIO()
        state = {"course": self.course, "epoch": self.epoch, "best": self.best, "trainer": self.trainer}
        torch.save(state, content)
        replace_file(path, content.getvalue())

    @classmethod
    def of(cls, content: bytes, place: str) -> Self:
        """
        Read a file's *content*: tensors, numbers and text; no code in it is run.

        Raises:
            ConfigError: It is no checkpoint; *place* says which file.
        """
        import torch

        try:
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            found = cls(**state)
            valid = isinstance(found.epoch, int) and found.epoch >= 1 and isinstance(found.best, float)
        except Exception as error:  # whatever a stranger's bytes bring about
            raise ConfigError(f"{place}: not a checkpoint: {str(error).splitlines()[0]}") from error
        if not valid or not isinstance(found.course, str) or not isinstance(found.trainer, dict):
            raise ConfigError(f"{place}: not a checkpoint")
        return found


def replace_file(path: Path, content: bytes) -> None:
    """Write *content* to *path* so that it holds all of it or what it held before, even after a power cut."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
