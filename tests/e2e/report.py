"""The figures of a run, as JSON."""

import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class Report:
    """Collects figures by scenario. Units are in their names."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._began = time.monotonic()
        self.scenarios: dict[str, dict[str, Any]] = {}

    def add(self, scenario: str, **figures: Any) -> None:
        """Note and print *figures*; seconds are rounded to a millisecond."""
        rounded = {name: _rounded(value) for name, value in figures.items()}
        self.scenarios.setdefault(scenario, {}).update(rounded)
        print(f"{scenario}: {json.dumps(rounded)}")

    def write(self) -> None:
        """Write the file, if one was named."""
        if self._file is None:
            return
        body = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "took_s": round(time.monotonic() - self._began, 1),
            "scenarios": self.scenarios,
        }
        self._file.write_text(json.dumps(body, indent=2) + "\n")


def quantiles(values: list[float]) -> dict[str, float]:
    """Median, 99th percentile (nearest rank) and largest of *values*, with their number."""
    ordered = sorted(values)
    rank = max(0, -(-99 * len(ordered) // 100) - 1)
    middle = ordered[len(ordered) // 2]
    return {"n": len(ordered), "p50": middle, "p99": ordered[rank], "max": ordered[-1]}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
