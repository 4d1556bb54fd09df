"""
A cluster that somebody else runs: `KUBECONFIG` names it.

It must have KEDA and the images `localhost/detectscale/{control,worker}:e2e` on its nodes, and reach a
Kafka and a Redis that the tests reach by the same address.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.cluster.kubectl import Kubectl
from tests.e2e.cluster.pki import Authority
from tests.e2e.cluster.requirements import Missing

WANTED = {
    "DETECTSCALE_E2E_KAFKA": "ADDRESS:PORT of a Kafka, the same for its pods and for this host",
    "DETECTSCALE_E2E_REDIS": "redis://ADDRESS:PORT/0 of a Redis, likewise",
}


class ExistingCluster:
    """Looks like `Cluster`, but nothing of it can be stopped from here."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        lacks = [f"{name} ({what})" for name, what in WANTED.items() if not environment.get(name)]
        program = shutil.which("kubectl")
        lacks += [] if program else ["kubectl in PATH"]
        if lacks:
            named = "; ".join(lacks)
            raise Missing(f"KUBECONFIG names a cluster to test on, but this is missing: {named}. Or unset it")
        self._folder = folder
        self.kubeconfig = environment["KUBECONFIG"]
        self.kubectl = Kubectl(str(program), self.kubeconfig)
        self.kafka, self.redis = (environment[name] for name in WANTED)

    def authority(self, name: str) -> Authority:
        """A new authority for certificates."""
        return Authority(self._folder / name, name)
