"""Decisions as an autoscaler writes them, into the real topic."""

from collections.abc import Iterable

from autoscaler.decision import Memory
from autoscaler.journal import Entry, write
from autoscaler.observation import ColdStart, Observation, ServiceTime, Start
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from frames.clients import KafkaSettings, producer

PHASES = {"interpreter": 0.2, "import": 0.4, "load": 0.5, "warm_up": 0.2, "join": 0.2}


def observation(
    at: float, waiting: int, ready: int = 0, starting: int = 0, **different: object
) -> Observation:
    """Of four partitions and workers that start in 1.5 s and finish 30 frames a second."""
    seen: dict[str, object] = {
        "at": at,
        "lag": (waiting, 0, 0, 0),
        "arrival_rate": 20.0,
        "oldest_age": 1.5 if waiting else None,
        "ready": ready,
        "starting": (Start(0.2),) * starting,
        "draining": 0,
        "in_flight": 4 if ready and waiting else 0,
        "idle_for": None,
        "service_time": ServiceTime(0.01, 0.03),
        "cold_start": ColdStart(1.5, 1.9, PHASES, 6, PHASES),
        "served_rate": 25.0 * ready if waiting else 0.0,
    }
    return Observation(**(seen | different))  # type: ignore[arg-type]  # a test's own


def decided(observations: Iterable[Observation], params: PolicySettings | None = None) -> list[Entry]:
    """What the policy makes of them, one after the other."""
    params = params or PolicySettings()
    memory, entries = Memory(), []
    for seen in observations:
        decision, after = decide(seen, memory, params)
        entries.append(Entry(seen, memory, decision, params))
        memory = after
    return entries


def write_all(kafka: KafkaSettings, topic: str, target: str, entries: Iterable[Entry]) -> None:
    """Append them to the journal."""
    client = producer(kafka)
    for entry in entries:
        client.send(topic, key=target.encode(), value=write(entry))
    client.flush()
    client.close()
