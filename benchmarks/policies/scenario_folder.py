"""
Scenarios in a folder: `scenarios.json`, the traces that it names, and `cold_start.csv`.
"""

from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from autoscaler.observation import ServiceTime
from autoscaler.simulation.arrivals_file import read_arrivals
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.workload import Workload
from frames.errors import ConfigError

REBALANCE_S = 3.0


class Scenario(BaseModel, frozen=True, extra="forbid"):
    """One entry of `scenarios.json`; see `Workload`."""

    arrivals: str
    """The trace's file in the same folder."""
    events: int
    """Arrivals in the trace: a file that was cut short is noticed."""
    slo_s: float
    overhead_s: float
    per_frame_s: float
    max_batch: int
    cv: float
    partitions: int


_JSON = TypeAdapter(dict[str, Scenario])


def read_scenarios(folder: Path) -> dict[str, Workload]:
    """
    Read every scenario of *folder*, in the order of `scenarios.json`.

    Fleets go from nothing to one worker for each partition.

    Raises:
        ConfigError: A file is missing or cannot be used.
    """
    index = folder / "scenarios.json"
    try:
        scenarios = _JSON.validate_json(index.read_bytes())
    except OSError as error:
        raise ConfigError(f"{index}: cannot be read: {error}") from error
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in wrong["loc"])
        raise ConfigError(f"{index}: {place}: {wrong['msg']}") from error
    if not scenarios:
        raise ConfigError(f"{index}: has no scenario")
    cold_start = ColdStartLaw.parse(str(folder / "cold_start.csv"))
    return {name: _workload(folder, scenario, cold_start) for name, scenario in scenarios.items()}


def _workload(folder: Path, scenario: Scenario, cold_start: ColdStartLaw) -> Workload:
    arrivals = read_arrivals(folder / scenario.arrivals)
    if len(arrivals) != scenario.events:
        raise ConfigError(
            f"{folder / scenario.arrivals}: must have {scenario.events} arrivals, has {len(arrivals)}"
        )
    return Workload(
        arrivals,
        scenario.slo_s,
        ServiceTime(scenario.overhead_s, scenario.per_frame_s),
        scenario.max_batch,
        scenario.cv,
        scenario.partitions,
        cold_start,
        REBALANCE_S,
        min_replicas=0,
        max_replicas=scenario.partitions,
    )
