"""
How long cold starts take: one number, or quantiles measured somewhere.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from autoscaler.simulation.columns import read_columns
from frames.errors import ConfigError

SOONEST_S = 2.0
"""Quantile 0 of a law given by quantiles."""
SILENT_QUANTILE = 0.05
"""
The part of every start that the quickest ones consist of, which tells nothing of the rest.

A law does not say how long the container takes. But a start of which hardly anything is
left when the container is up is among the quickest, so that the seconds of a low quantile
are about the container's, and rather more than less. Where all starts take equally long,
this is all of it, and the age tells the rest.
"""


@dataclass(frozen=True, slots=True)
class ColdStartLaw:
    """
    A distribution of seconds from decision to ready, linear between its quantiles.

    >>> law = ColdStartLaw((0.0, 0.5, 1.0), (2.0, 30.0, 90.0))
    >>> law.mean_s
    38.0
    """

    quantiles: tuple[float, ...]
    """From 0 to 1, ascending."""
    seconds: tuple[float, ...]
    """One for each quantile, never falling."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read a number of seconds, or else the name of a CSV file with columns `quantile,seconds`.

        >>> ColdStartLaw.parse("12").mean_s
        12.0

        Raises:
            ConfigError: It is neither.
        """
        try:
            constant = float(text)
        except ValueError:
            return cls._read(Path(text))
        if not 0 <= constant < float("inf"):
            raise ConfigError(f"cold start: {text}: must be 0 s or longer")
        return cls((0.0, 1.0), (constant, constant))

    @classmethod
    def _read(cls, path: Path) -> Self:
        quantiles, seconds = read_columns(path, ("quantile", "seconds"))
        if quantiles[0] > 0:
            quantiles, seconds = (
                np.insert(quantiles, 0, 0.0),
                np.insert(seconds, 0, min(SOONEST_S, seconds[0])),
            )
        if quantiles[0] < 0 or quantiles[-1] != 1 or (np.diff(quantiles) <= 0).any():
            raise ConfigError(f"{path}: quantiles must ascend and end with 1, got {_listed(quantiles)}")
        if seconds[0] < 0 or (np.diff(seconds) < 0).any():
            raise ConfigError(f"{path}: seconds must be 0 or more and never fall, got {_listed(seconds)}")
        return cls(tuple(quantiles.tolist()), tuple(seconds.tolist()))

    @property
    def mean_s(self) -> float:
        """Seconds that a start takes on average: the area under the quantile function."""
        return float(np.trapezoid(self.seconds, self.quantiles))

    @property
    def silent_s(self) -> float:
        """
        Seconds from the birth of a worker until it can say how far it has got: it was a container till then.

        >>> ColdStartLaw((0.0, 0.05, 1.0), (2.0, 14.0, 90.0)).silent_s
        14.0
        """
        return float(np.interp(SILENT_QUANTILE, self.quantiles, self.seconds))

    def draw(self, rng: random.Random) -> float:
        """One start's seconds."""
        return float(np.interp(rng.random(), self.quantiles, self.seconds))


def _listed(numbers: np.ndarray) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
