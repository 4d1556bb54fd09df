"""
What KEDA's Kafka scaler at its defaults would have cost on the same arrivals: simulated, and said to be so.
"""

from collections.abc import Sequence

import numpy as np

from autoscaler.journal import Entry
from autoscaler.simulation.keda_scaler import KedaScaler
from autoscaler.simulation.run import run
from detectscale.demo.rival import workload_seen
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
    params = entry.params
    workload = None if params is None else workload_seen(arrivals, entry.observation, params)
    if params is None or workload is None:
        return None
    done = run(workload, KedaScaler(), seed=0)
    ends = max(horizon_s - arrivals[0], 0.0)
    replica_s = np.maximum(np.minimum(done.gone_at, ends) - done.created_at, 0.0).sum()
    in_time = (done.done_at - done.arrivals <= params.slo_s).mean()
    finished = int((done.done_at <= ends).sum())
    return RivalCost(params.min_replicas * arrivals[0] + float(replica_s), finished, float(in_time))
