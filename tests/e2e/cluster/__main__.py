"""
A cluster to work with by hand.

    python -m tests.e2e.cluster build     only build binaries and images
    python -m tests.e2e.cluster up        start one and leave it running; prints what to export
    python -m tests.e2e.cluster status    what to export, if one runs
    python -m tests.e2e.cluster down      stop it
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from detectscale.embedded import EmbeddedError
from detectscale.embedded.state_directory import claimed
from tests.e2e.cluster.binaries import Binaries
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.images import Images
from tests.e2e.cluster.machine import remove_cgroups
from tests.e2e.cluster.places import Places, default_cache
from tests.e2e.cluster.requirements import Missing, require
from tests.waiting import until

PLACES = Places(default_cache())
READY = PLACES.state / "ready"
"""What to export; there as long as the cluster is."""


def up() -> None:
    """Start a process that holds the cluster; return when it is up."""
    READY.unlink(missing_ok=True)
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.cluster", "hold"], stdin=subprocess.DEVNULL, start_new_session=True
    )
    until(lambda: READY.exists() or holder.poll() is not None, 3600, 0.1)
    if holder.poll() is not None:
        sys.exit(1)
    print(READY.read_text(), end="")


def hold() -> None:
    """Be the cluster until SIGTERM."""
    leave = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leave.set())
    with Cluster(PLACES.cache) as cluster:
        READY.write_text(
            f"export KUBECONFIG={cluster.kubeconfig}\n"
            f"export DETECTSCALE_E2E_KAFKA={cluster.kafka}\n"
            f"export DETECTSCALE_E2E_REDIS={cluster.redis}\n"
            f"export PATH={Path(Binaries(PLACES.cache)('kubectl')).parent}:$PATH\n"
        )
        while not leave.wait(1.0):  # a wait without an end would not let the handler run
            pass
        READY.unlink()


def holder() -> int | None:
    """The process that holds the cluster; None if none runs."""
    try:
        with claimed(PLACES.claim):
            return None
    except EmbeddedError:
        return int((PLACES.claim / "lock").read_text())


def down() -> None:
    """Stop it, and wait until nothing of it is left."""
    if process := holder():
        os.kill(process, signal.SIGTERM)
        until(lambda: holder() is None, 60)
    remove_cgroups()


def status() -> None:
    """Print what to export, or fail."""
    if not holder():
        sys.exit("no cluster runs")
    print(READY.read_text() if READY.exists() else "starting")


def build() -> None:
    """Build binaries and images."""
    require()
    Binaries(PLACES.cache).build_all()
    Images(PLACES).build()


COMMANDS = {function.__name__: function for function in (build, up, hold, down, status)}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    try:
        COMMANDS[sys.argv[1]]()
    except Missing as missing:
        sys.exit(str(missing))
