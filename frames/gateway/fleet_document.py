"""
What clients are told of the fleet: JSON as OpenAPI describes it.
"""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, Field

from frames.gateway.decided import ColdStarts, Decided
from frames.gateway.fleet_history import Moment

INSTANT = "seconds since the epoch"
_POINT: dict[str, Any] = {
    "at": 1764000000.5,
    "replicas": 5,
    "ready": 3,
    "starting": 2,
    "arrival_rate": 60.5,
    "served_rate": 41.0,
    "waiting": 212,
    "oldest_age_s": 11.2,
}
EXAMPLE_DECISION: dict[str, Any] = {
    "at": 1764000000.5,
    "replicas": 5,
    "before": 3,
    "recommended": 5,
    "reason": "DesiredWithinRange",
    "words": "5 workers: 212 frames wait, the oldest 11 s; with 4, 63 would be late, by 6 s on average",
    "waiting": 212,
    "oldest_age_s": 11.2,
    "arrival_rate": 60.5,
    "served_rate": 41.0,
    "ready": 3,
    "starting": 0,
    "draining": 0,
    "in_flight": 12,
    "unschedulable": 0,
    "warnings": [],
}


class ShownDecision(BaseModel):
    """One decision of the autoscaler."""

    at: float = Field(description=INSTANT)
    replicas: int = Field(description="wanted from now on")
    before: int | None = Field(default=None, description="wanted until then, where that changes it")
    recommended: int = Field(description="the cheapest foreseen, before the limits")
    reason: str = Field(
        description="the last limit that changed the count, as `kubectl describe hpa` says it"
    )
    words: str = Field(description="why, for people")
    waiting: int = Field(description="frames appended and not committed")
    oldest_age_s: float | None = Field(description="of those; null: nothing waits")
    arrival_rate: float | None = Field(description="frames per second; null: not known")
    served_rate: float | None = Field(description="frames committed per second; null: not known")
    ready: int
    starting: int
    draining: int
    in_flight: int = Field(description="frames that workers hold")
    unschedulable: int = Field(description="of those that start: there is no place for them")
    warnings: list[str] = Field(description="why the goal cannot be kept, whatever is decided")

    model_config = {"json_schema_extra": {"example": EXAMPLE_DECISION}}


class Point(BaseModel):
    """A decision's numbers, for a chart."""

    at: float = Field(description=INSTANT)
    replicas: int
    ready: int
    starting: int
    arrival_rate: float | None
    served_rate: float | None
    waiting: int
    oldest_age_s: float | None

    model_config = {"json_schema_extra": {"example": _POINT}}


class Phase(BaseModel):
    """A part of each cold start."""

    name: str
    mean_s: float
    p90_s: float | None


class ShownColdStarts(BaseModel):
    """How long workers take from their birth until they take frames."""

    mean_s: float
    p90_s: float
    count: int = Field(description="starts that this was learned from")
    phases: list[Phase] = Field(description="in the order in which they happen")


class Cost(BaseModel):
    """Seconds of all workers that existed, and per thousand frames; null: cannot be known."""

    since: float = Field(description=INSTANT)
    frames: int = Field(description="committed since")
    gpu_seconds: float
    gpu_seconds_per_1000: float | None
    always_on_per_1000: float | None = Field(description="had as many as the peak wanted stayed throughout")
    keda_per_1000: float | None = Field(description="by KEDA's Kafka scaler at its defaults, simulated")
    keda_note: str = Field(description="how that was found, or why it was not")


class Fleet(BaseModel):
    """The workers of one target: now, lately, and why."""

    at: float = Field(description=INSTANT)
    target: str | None = Field(description="null: no decision was heard of yet")
    targets: list[str]
    slo_s: float | None = Field(description="how old a frame may be, from append to result")
    latest: ShownDecision | None
    history: list[Point] = Field(description="oldest first, at most 600, each change of the count among them")
    changes: list[ShownDecision] = Field(description="that changed the count, newest first, at most 50")
    cold_start: ShownColdStarts | None
    cost: Cost | None = Field(description="over the history that is shown")

    model_config = {
        "json_schema_extra": {
            "example": {
                "at": 1764000000.75,
                "target": "frames",
                "targets": ["frames"],
                "slo_s": 2.0,
                "latest": EXAMPLE_DECISION,
                "history": [_POINT],
                "changes": [EXAMPLE_DECISION],
                "cold_start": {
                    "mean_s": 1.4,
                    "p90_s": 1.9,
                    "count": 12,
                    "phases": [{"name": "interpreter", "mean_s": 0.2, "p90_s": 0.3}],
                },
                "cost": {
                    "since": 1763999100.5,
                    "frames": 12000,
                    "gpu_seconds": 640.0,
                    "gpu_seconds_per_1000": 53.33,
                    "always_on_per_1000": 375.0,
                    "keda_per_1000": 180.5,
                    "keda_note": "KEDA's Kafka scaler at its defaults, simulated",
                },
            }
        }
    }


def shown(decided: Decided, before: int | None) -> dict[str, Any]:
    """A decision, with the count *before* it if it changed that."""
    told = {name: getattr(decided, name) for name in _DECISION}
    return told if before is None else told | {"before": before}


def point(moment: Moment) -> dict[str, Any]:
    """A decision for a chart."""
    return {name: getattr(moment.decided, name) for name in _CHART}


def cold_starts(starts: ColdStarts | None) -> dict[str, Any] | None:
    """Them, phase by phase."""
    if starts is None:
        return None
    told = asdict(starts)
    means, late = told.pop("phases_s"), told.pop("phases_p90_s")
    phases = [{"name": name, "mean_s": mean_s, "p90_s": late.get(name)} for name, mean_s in means.items()]
    return told | {"phases": phases}


_DECISION = [name for name in ShownDecision.model_fields if name != "before"]
_CHART = list(Point.model_fields)
