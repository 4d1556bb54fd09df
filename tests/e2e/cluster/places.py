"""Where the cluster keeps its files, and its addresses, which are in a network of its own."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
HERE = Path(__file__).parent

NODE = "node1"
SUBNET = "10.213.0.0/24"
"""Of the bridge: node, pods, and this host as one more machine on it."""
NODE_ADDRESS = "10.213.0.1"
HOST_ADDRESS = "10.213.0.2"
FIRST_POD = "10.213.0.10"
SERVICES = "10.214.0.0/16"
KUBERNETES_SERVICE = "10.214.0.1"
DNS_SERVICE = "10.214.0.10"

API_SERVER = f"https://{NODE_ADDRESS}:6443"
KAFKA = f"{NODE_ADDRESS}:9092"
REDIS = f"redis://{NODE_ADDRESS}:6379/0"


def default_cache() -> Path:
    """The folder of these tests in the user's cache (XDG base directory specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "detectscale" / "e2e"


@dataclass(frozen=True)
class Places:
    """
    Folders.

    Args:
        cache: Binaries, images and the containers' storage, kept for the next run.
    """

    cache: Path

    @property
    def state(self) -> Path:
        """Of one run: certificates, etcd's data, logs. Emptied at the next start, so logs can be read."""
        return self.cache / "state"

    @property
    def claim(self) -> Path:
        """Held by whoever runs a cluster; its file `lock` names the process."""
        return self.cache / "claim"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def storage(self) -> Path:
        """Of containerd: images and what they unpack to."""
        return self.cache / "containerd"
