"""
What KEDA's Kafka scaler at its defaults would have cost on the same arrivals: simulated, and said to be so.
"""

from collections.abc import Sequence

import numpy as np

from autoscaler.journal import Entry
from autoscaler.simulation.cold_start_law import ColdStartLaw
from autoscaler.simulation.keda_scaler import KedaScaler
from autoscaler.simulation.run import run
from autoscaler.simulation.workload import Workload
from detectscale.demo.rival import CV, REBALANCE_S
from frames.gateway.fleet_cost import RivalCost


def keda_cost(entry: Entry, arrivals: Sequence[float], horizon_s: float) -> RivalCost | None:
    """
    Simulate KEDA's defaults with workers as *entry* knows them.

    Args:
        arrivals: Instants of append, ascending, seconds.
        horizon_s: What it costs after this instant does not count.

    Returns:
        None where the entry does not say how fast workers are, or by which parameters they are scaled,
        or where nothing came.
    """
    seen, params = entry.observation, entry.params
    if seen.service_time is None or seen.cold_start is None or params is None or not arrivals:
        return None
    instants = np.array(arrivals, dtype=np.float64)
    workload = Workload(
        arrivals=instants - instants[0],
        slo_s=params.slo_s,
        service=seen.service_time,
        max_batch=params.max_batch,
        cv=CV,
        partitions=seen.partitions,
        cold_start=ColdStartLaw.parse(str(seen.cold_start.mean_s)),
        rebalance_s=REBALANCE_S,
        min_replicas=params.min_replicas,
        max_replicas=params.max_replicas,
    )
    done = run(workload, KedaScaler(), seed=0)
    ends = max(horizon_s - arrivals[0], 0.0)
    replica_s = np.maximum(np.minimum(done.gone_at, ends) - done.created_at, 0.0).sum()
    in_time = (done.done_at - done.arrivals <= params.slo_s).mean()
    finished = int((done.done_at <= ends).sum())
    return RivalCost(params.min_replicas * arrivals[0] + float(replica_s), finished, float(in_time))
