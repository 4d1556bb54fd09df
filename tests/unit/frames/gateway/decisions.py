"""Decisions for tests, as the autoscaler's journal tells of them."""

from dataclasses import replace

from frames.gateway.decided import Decided

NOTHING = Decided(
    target="frames",
    at=0.0,
    replicas=0,
    recommended=0,
    reason="DesiredWithinRange",
    words="0 workers: nothing waits",
    waiting=0,
    oldest_age_s=None,
    arrival_rate=0.0,
    served_rate=0.0,
    ready=0,
    starting=0,
    draining=0,
    in_flight=0,
    unschedulable=0,
    warnings=(),
    committed=0,
    slo_s=2.0,
    cold_start=None,
)


def decided(at: float, replicas: int = 0, **different: object) -> Decided:
    """So many workers from *at* on, all of them ready."""
    return replace(NOTHING, **({"at": at, "replicas": replicas, "ready": replicas} | different))  # type: ignore[arg-type]
