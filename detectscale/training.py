"""
`detectscale train` as a person sees it.
"""

import sys

from workers.training.train import Epoch


def show_epoch(epoch: Epoch) -> None:
    """One line for each epoch, on stderr."""
    found = epoch.validation
    by_label = ", ".join(f"{label} {ap:.2f}" for label, ap in found.ap50_by_label.items())
    print(
        f"epoch {epoch.number}: loss {epoch.loss:.3f}, mAP50 {found.map50:.3f} ({by_label})"
        f"{', saved' if epoch.saved else ''}; {epoch.elapsed_s:.0f} s, {epoch.remaining_s:.0f} s to go",
        file=sys.stderr,
    )
