"""All of it, in order, for the length of a `with` block."""

import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from detectscale.embedded.state_directory import claimed
from tests.e2e.cluster import brokers, keda, node
from tests.e2e.cluster.binaries import Binaries
from tests.e2e.cluster.control_plane import control_plane
from tests.e2e.cluster.images import Images
from tests.e2e.cluster.kubectl import Kubectl
from tests.e2e.cluster.machine import Machine, make_cgroups
from tests.e2e.cluster.metrics_server import metrics_server
from tests.e2e.cluster.pki import Authority, Pki
from tests.e2e.cluster.places import HERE, KAFKA, REDIS, Places, default_cache
from tests.e2e.cluster.processes import Process
from tests.e2e.cluster.requirements import require


class Cluster:
    """
    A cluster on this machine. Enter it from the main thread: daemons end with the thread that started them.

    Args:
        cache: Where builds are kept; one cluster at a time can run for it, and on a machine.
        images: Targets of the project's `Dockerfile` that its pods need.

    Entering raises `Missing` if it cannot run here.
    """

    kubeconfig: str
    """Of an administrator."""
    kubectl: Kubectl
    kafka: str
    """The broker's `host:port`, for pods, for KEDA and here."""
    redis: str
    """Its URL, likewise."""
    machine: Machine
    processes: dict[str, Process]
    """Its daemons by name, `kube-apiserver` for instance: to be killed and started again."""

    def __init__(self, cache: Path | None = None, images: Sequence[str] = ("control", "worker")) -> None:
        self.places = Places(cache or default_cache())
        self._images = images
        self._exits = ExitStack()
        self.processes = {}

    def __enter__(self) -> Self:
        require()
        with ExitStack() as exits:
            exits.enter_context(claimed(self.places.claim))
            self._binaries = Binaries(self.places.cache)
            self._binaries.build_all()
            images = Images(self.places)
            names = images.build(*self._images)
            self._began = time.monotonic()
            shutil.rmtree(self.places.state, ignore_errors=True)
            exits.callback(self._reap)  # once the machine has ended, and they with it
            self.machine = exits.enter_context(Machine(self.places.state / "machine"))
            self._start(images, names)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._exits.close()

    def authority(self, name: str) -> Authority:
        """A new authority for certificates, in this run's folder."""
        return Authority(self.places.state / "authorities" / name, name)

    def serve_resource_metrics(self) -> None:
        """Start metrics-server, if it does not run: what `kubectl top` shows, and scaling by CPU needs."""
        if "metrics-server" not in self.processes:
            self._run(metrics_server(self.machine, self._binaries, self._pki, self.places, self.kubectl))

    def _start(self, images: Images, names: list[str]) -> None:
        machine, binaries, places = self.machine, self._binaries, self.places
        self._pki = pki = Pki(places.pki)
        self.kubeconfig = pki.kubeconfig("admin", "system:masters")
        self.kubectl = kubectl = Kubectl(binaries("kubectl"), self.kubeconfig)
        self.kafka, self.redis = KAFKA, REDIS

        servers = [brokers.redis(machine, places), brokers.kafka(machine, places)]
        self._run(*servers, wait=False)
        for process in control_plane(machine, binaries, pki, places, kubectl):
            self._run(process)
        kubectl.apply_files([HERE / "objects" / "base.yaml"])
        keda.install(kubectl, binaries, pki)
        self._lap("control plane")

        images.load(machine, names)
        make_cgroups()
        self._run(node.containerd(machine, places))
        self._run(
            node.coredns(machine, binaries, pki, places), node.kube_proxy(machine, binaries, pki, places)
        )
        kubectl.apply(*node.dns_service())
        self._run(node.kubelet(machine, binaries, pki, places, kubectl))
        self._lap("node")

        for process in keda.keda(machine, binaries, pki, places, kubectl):
            self._run(process)
        for process in servers:
            process.await_ready()
        self._lap("KEDA and brokers")

    def _run(self, *processes: Process, wait: bool = True) -> None:
        for process in processes:
            self.processes[process.name] = process
            process.start()
        for process in processes if wait else ():
            process.await_ready()

    def _reap(self) -> None:
        for process in self.processes.values():
            process.await_end()

    def _lap(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {what}", file=sys.stderr, flush=True)
