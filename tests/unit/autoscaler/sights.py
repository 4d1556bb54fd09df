"""What the policy may come to see, for the tests of its parts."""

from dataclasses import replace

from autoscaler.decision import Memory
from autoscaler.observation import ColdStart, Observation, ServiceTime
from autoscaler.policy_settings import PolicySettings

NOW = 1000.0
PARAMS = PolicySettings(
    slo_s=60.0,
    slo_share=0.8,
    max_replicas=24,
    max_batch=8,
    keep_alive_s=900.0,
    tick_s=2.0,
    rate_window_s=60.0,
)

BUSY = Observation(
    at=NOW,
    lag=(2,) * 24,
    arrival_rate=3.3,
    oldest_age=2.0,
    ready=2,
    starting=(),
    draining=0,
    in_flight=8,
    idle_for=None,
    service_time=ServiceTime(0.5, 0.5),
    cold_start=ColdStart(30.0, 40.0, {}, count=50),
    backlog_ages=((2.0, 48),),
    rebalance_s=3.0,
)
"""3.3/s arrive at two workers that finish 1.8/s each."""
QUIET = replace(
    BUSY, lag=(0,) * 24, arrival_rate=0.0, oldest_age=None, in_flight=0, idle_for=1.0, backlog_ages=()
)
FLOODED = replace(BUSY, lag=(500,) * 24, oldest_age=300.0, backlog_ages=((300.0, 12_000),))
FROM_ZERO = replace(
    BUSY,
    ready=0,
    in_flight=0,
    lag=(1,) + (0,) * 23,
    oldest_age=0.5,
    arrival_rate=0.02,
    backlog_ages=((1.0, 1),),
)

SETTLED = Memory(replicas=2, ready=2, ready_since=NOW - 100)
"""Two workers, for long enough."""
