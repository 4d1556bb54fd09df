"""
Runs as a picture: replicas, backlog and oldest age over time, one column for each scaler.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from autoscaler.simulation import figures
from autoscaler.simulation.run import Run
from frames.errors import ConfigError

POINTS = 2000
SERIES = (
    ("replicas", figures.replicas),
    ("backlog, records", figures.backlog),
    ("oldest age, s", figures.oldest_age),
)


def draw(runs: Mapping[str, Run], slo_s: float, path: Path) -> None:
    """
    Draw *runs*, by their names, into *path*; its ending chooses the format.

    Raises:
        ConfigError: matplotlib is not installed, or cannot write such a file there.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError("--plot needs matplotlib: pip install 'detectscale[plot]'") from error
    figure = Figure(figsize=(1 + 4 * len(runs), 7), layout="constrained")
    axes = figure.subplots(len(SERIES), len(runs), sharex=True, sharey="row", squeeze=False)
    for column, (name, run) in zip(axes.T, runs.items(), strict=True):
        at = np.linspace(0.0, run.until, POINTS)
        for axis, (_, series) in zip(column, SERIES, strict=True):
            axis.plot(at / 60, series(run, at), linewidth=0.8)
        column[0].set_title(name)
        column[-1].axhline(slo_s, color="tab:red", linewidth=0.8)
        column[-1].set_xlabel("minutes")
    for axis, (label, _) in zip(axes[:, 0], SERIES, strict=True):
        axis.set_ylabel(label)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be drawn: {error}") from error
