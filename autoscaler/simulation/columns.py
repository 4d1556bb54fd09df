"""
Numbers from a CSV file with a header, plain or gzipped; what is wrong with it is one line.
"""

import csv
import gzip
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from frames.errors import ConfigError

Numbers = npt.NDArray[np.float64]


def read_columns(path: Path, names: Sequence[str]) -> tuple[Numbers, ...]:
    """
    Read the columns *names* of *path*; other columns are passed over.

    Returns:
        One array for each name, all of the same length, which is at least 1.

    Raises:
        ConfigError: The file cannot be read, lacks a column or a row, or holds what is no finite number.
    """
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            table = csv.DictReader(lines)
            rows = list(_rows(path, table, names))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read as CSV: {error}") from error
    if not rows:
        raise ConfigError(f"{path}: is empty: a header line and at least one row are needed")
    return tuple(np.array(rows).T)


def _rows(path: Path, table: "csv.DictReader[str]", names: Sequence[str]) -> Iterator[list[float]]:
    if table.fieldnames is not None and not set(names) <= set(table.fieldnames):
        raise ConfigError(f"{path}: needs a header line with {', '.join(names)}, got {table.fieldnames}")
    for row in table:
        yield [_number(path, table.line_num, row[name]) for name in names]


def _number(path: Path, line: int, text: str | None) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"{path}:{line}: {text!r} is not a number")
    return number
