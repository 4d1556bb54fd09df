"""
A trace: the instants at which records arrived.
"""

from pathlib import Path

import numpy as np

from autoscaler.simulation.columns import Numbers, read_columns
from frames.errors import ConfigError


def read_arrivals(path: Path) -> Numbers:
    """
    Read the column `at` of a CSV or CSV.gz file: seconds, ascending, none negative.

    Returns:
        Seconds since the first arrival.

    Raises:
        ConfigError: The file cannot be read, is empty, or its instants are not such.
    """
    (at,) = read_columns(path, ("at",))
    if at.min() < 0:
        raise ConfigError(f"{path}: at must be 0 or later, got {at.min():g}")
    for row in np.flatnonzero(np.diff(at) < 0)[:1]:
        raise ConfigError(f"{path}: at must ascend, but {at[row + 1]:.12g} comes after {at[row]:.12g}")
    since_first: Numbers = at - at[0]
    return since_first
