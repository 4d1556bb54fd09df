"""metrics-server: CPU and memory of pods, by which the HPA scales. As a daemon, like KEDA."""

from tests.e2e.cluster.binaries import Binaries
from tests.e2e.cluster.keda import available, service_on_this_host
from tests.e2e.cluster.kubectl import Kubectl
from tests.e2e.cluster.machine import Machine
from tests.e2e.cluster.pki import HOSTS, Pki
from tests.e2e.cluster.places import HERE, Places
from tests.e2e.cluster.processes import Process

PORT = 6445
GROUP = "metrics.k8s.io"
SERVICE = "metrics-server.kube-system.svc"


def metrics_server(
    machine: Machine, binaries: Binaries, pki: Pki, places: Places, kubectl: Kubectl
) -> Process:
    """Not started yet; the API server is told of it."""
    kubectl.apply_files([HERE / "objects" / "metrics-server.yaml"])
    kubectl.apply(*service_on_this_host(GROUP, "kube-system", SERVICE, PORT, pki.ca.file))
    certificate, key = pki.ca.issue("metrics-server", SERVICE, names=[SERVICE, *HOSTS])
    config = pki.service_account("kube-system", "metrics-server")
    return Process(
        machine,
        "metrics-server",
        [
            binaries("metrics-server"),
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--kubelet-certificate-authority={pki.ca.file}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--secure-port={PORT}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            "--metric-resolution=10s",
            "--kubelet-request-timeout=5s",  # less than that
        ],
        places.logs / "metrics-server.log",
        lambda: available(kubectl, GROUP),
    )
