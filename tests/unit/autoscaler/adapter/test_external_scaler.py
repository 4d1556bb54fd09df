import asyncio

from autoscaler.adapter.callers import Callers
from autoscaler.adapter.calls import Calls
from autoscaler.adapter.external_scaler import ExternalScaler
from autoscaler.proto.external_scaler_pb2 import ScaledObjectRef
from tests.unit.autoscaler.adapter.made import IDLE, UNSERVED, entry, target


class Clock:
    """Counts how often it is looked at."""

    def __init__(self) -> None:
        self.at, self.looks = 0.0, 0

    def __call__(self) -> float:
        self.looks += 1
        return self.at


def test_a_stream_whose_decision_has_gone_stale_waits_without_looking_all_the_time():
    async def looks() -> int:
        clock = Clock()
        targets = {"frames": target(seen=UNSERVED, replicas=1)}
        scaler = ExternalScaler(targets, Callers(()), Calls(), 3600.0, clock)
        stream = scaler.stream_is_active(ScaledObjectRef(scalerMetadata={"target": "frames"}))
        assert (await anext(stream)).result
        clock.at, clock.looks = 1000.0, 0
        targets["frames"].publish(entry(IDLE, 0), decided_at=0.0)  # wakes it, for something stale
        waiting = asyncio.ensure_future(anext(stream))
        for _ in range(100):
            await asyncio.sleep(0)
        waiting.cancel()
        return clock.looks

    assert asyncio.run(looks()) <= 2
