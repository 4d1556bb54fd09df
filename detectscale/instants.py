"""
Instants as people write them on a command line, and as they are shown to them: always in UTC.
"""

import re
from datetime import UTC, datetime

from frames.errors import ConfigError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def read_instant(option: str, text: str, now: float) -> float:
    """
    An ISO 8601 instant, or a duration before *now*; in seconds since the epoch.

    >>> read_instant("--since", "2h", 10_000.0), read_instant("--since", "1970-01-01T01:00Z", 10_000.0)
    (2800.0, 3600.0)
    >>> read_instant("--since", "1970-01-01T03:00+02:00", 0.0), read_instant("--since", "1970-01-02", 0.0)
    (3600.0, 86400.0)

    Raises:
        ConfigError: It is neither; *option* is named.
    """
    duration = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd])", text)
    if duration:
        return now - float(duration[1]) * _SECONDS[duration[2]]
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{option}: an instant such as 2026-11-24T08:00Z (UTC unless it says otherwise) or a "
            f"duration such as 90s, 15m, 2h or 3d is expected, got {text!r}"
        ) from error


def shown_instant(at: float) -> str:
    """
    An instant to the second.

    >>> shown_instant(3600.9), shown_instant(1e20)
    ('1970-01-01T01:00:00Z', '?')
    """
    try:
        return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "?"  # a stranger's clock
