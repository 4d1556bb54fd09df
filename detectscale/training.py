"""
`detectscale train` as a person sees it.
"""

import sys
from pathlib import Path

from workers.training.course import TrainSettings
from workers.training.train import Epoch, train


def train_shown(settings: TrainSettings, output: Path, checkpoint: Path | None, kind: str | None) -> None:
    """Train, and say how it goes; arguments and errors as `train`."""
    if settings.data is None:
        frames = settings.cameras * settings.frames_per_camera
        print(f"drawing {frames} frames of the store, then {settings.epochs} epochs", file=sys.stderr)
    train(settings, output, show_epoch, checkpoint, kind)


def show_epoch(epoch: Epoch) -> None:
    """One line for each epoch, on stderr."""
    found = epoch.validation
    by_label = ", ".join(f"{label} {ap:.2f}" for label, ap in found.ap50_by_label.items())
    print(
        f"epoch {epoch.number}: loss {epoch.loss:.3f}, mAP50 {found.map50:.3f} ({by_label})"
        f"{', saved' if epoch.saved else ''}; {epoch.elapsed_s:.0f} s, {epoch.remaining_s:.0f} s to go",
        file=sys.stderr,
    )
