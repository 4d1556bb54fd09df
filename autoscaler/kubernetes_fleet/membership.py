"""
Being one of the adapters of a cluster: the election between them, and the fleet of each target.
"""

import logging
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

from autoscaler.adapter.election import Election
from autoscaler.adapter.scaled_fleet import FleetOf, UnseenFleet
from autoscaler.adapter.settings import AdapterSettings, Scaled
from autoscaler.kubernetes_fleet.api import connect
from autoscaler.kubernetes_fleet.cluster import Cluster
from autoscaler.kubernetes_fleet.fleet import KubernetesFleet
from autoscaler.kubernetes_fleet.lease_election import LeaseElection

log = logging.getLogger(__name__)


@contextmanager
def membership(settings: AdapterSettings) -> Iterator[tuple[FleetOf, Election | None]]:
    """
    The fleets and the election of the cluster that this process is in, or that *settings* name.

    Outside of any: fleets that are not seen, and whatever election the settings name.

    Raises:
        ConfigError: There should be a cluster, but how to reach it is not said.
    """
    api = connect(settings.namespace)
    if api is None:
        yield (lambda _: UnseenFleet()), None
        return
    log.info("scales the deployments of the namespace %s", api.namespace)
    with closing(Cluster(api)) as cluster:

        def fleet_of(plan: Scaled) -> KubernetesFleet:
            return KubernetesFleet(cluster, plan.name, plan.deployment)

        if settings.election_file is not None:
            yield fleet_of, None
            return
        with closing(LeaseElection(api, _own_name())) as election:
            yield fleet_of, election


def _own_name() -> str:
    """The pod's name, which is its host's; and whose start, as a container that starts anew is another."""
    return f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
