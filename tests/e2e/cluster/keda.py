"""
KEDA: its operator and its metrics adapter, as daemons beside the pods.

They are told apart from pods by nothing that matters here: they ask the API server as KEDA's service
account, resolve names by the cluster's DNS, and the operator dials the autoscaler's pods. The API server
finds the adapter by a Service that is another name for localhost, which it accepts without Endpoints.
"""

import base64
import shutil
from pathlib import Path

from tests.e2e.cluster.binaries import Binaries
from tests.e2e.cluster.kubectl import Kubectl
from tests.e2e.cluster.machine import Machine
from tests.e2e.cluster.pki import HOSTS, Pki
from tests.e2e.cluster.places import NODE_ADDRESS, Places
from tests.e2e.cluster.processes import Process, answers
from tests.waiting import until

METRICS = 9666
"""Where the operator answers the adapter."""
ADAPTER = 6444
HEALTH = f"{NODE_ADDRESS}:8091"
SERVICES = ("keda-operator.keda.svc", "keda-metrics-apiserver.keda.svc")
CRDS = "crd/bases"
RBAC = (
    "rbac/role.yaml",
    "rbac/role_binding.yaml",
    "rbac/aggregate_cluster_roles.yaml",
    "metrics-server/role.yaml",
    "metrics-server/role_binding.yaml",
)


def install(kubectl: Kubectl, binaries: Binaries, pki: Pki) -> None:
    """Tell the API server of KEDA: its own resources and rights, from its own module."""
    config = binaries.source("keda", "github.com/kedacore/keda/v2") / "config"
    kubectl.apply_files([config / CRDS, *(config / file for file in RBAC)])
    # Asked again: `wait` fails at once on a definition so new that it has no list of conditions yet.
    established = ("wait", "--for=condition=Established", "crd/scaledobjects.keda.sh", "--timeout=5s")
    until(lambda: kubectl.accepts(*established), 30)
    kubectl.apply(*service_on_this_host("external.metrics.k8s.io", "keda", SERVICES[1], ADAPTER, pki.ca.file))


def service_on_this_host(
    group: str, namespace: str, name: str, port: int, authority: Path
) -> list[dict[str, object]]:
    """The Service and the APIService of a metrics API that a daemon serves at *port*."""
    service = name.partition(".")[0]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service, "namespace": namespace},
            "spec": {
                "type": "ExternalName",
                "externalName": "localhost",
                "ports": [{"name": "https", "port": port}],
            },
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"v1beta1.{group}"},
            "spec": {
                "group": group,
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": base64.b64encode(authority.read_bytes()).decode(),
                "service": {"name": service, "namespace": namespace, "port": port},
            },
        },
    ]


def keda(machine: Machine, binaries: Binaries, pki: Pki, places: Places, kubectl: Kubectl) -> list[Process]:
    """Operator and adapter, not started yet."""
    folder = pki.folder / "keda"
    pki.ca.issue("tls", "KEDA", ["KEDAORG"], [*HOSTS, *SERVICES], folder)
    shutil.copy(pki.ca.file, folder / "ca.crt")
    config = pki.service_account("keda", "keda-operator")
    environment = {"KUBECONFIG": config, "WATCH_NAMESPACE": "", "POD_NAMESPACE": "keda"}
    operator = Process(
        machine,
        "keda-operator",
        [
            binaries("keda-operator"),
            f"--cert-dir={folder}",
            "--enable-webhook-patching=false",
            "--enable-apiservice-patching=false",
            "--leader-elect=false",
            "--metrics-bind-address=127.0.0.1:8090",
            f"--health-probe-bind-address={HEALTH}",
            f"--metrics-service-bind-address=127.0.0.1:{METRICS}",
            "--zap-encoder=console",
        ],
        places.logs / "keda-operator.log",
        lambda: answers(f"http://{HEALTH}/readyz"),
        environment | {"KEDA_CLUSTER_OBJECT_NAMESPACE": "keda"},
    )
    adapter = Process(
        machine,
        "keda-adapter",
        [
            binaries("keda-adapter"),
            f"--secure-port={ADAPTER}",
            "--bind-address=127.0.0.1",
            "--port=8092",
            f"--cert-dir={folder}",
            f"--client-ca-file={folder / 'ca.crt'}",
            f"--tls-cert-file={folder / 'tls.crt'}",
            f"--tls-private-key-file={folder / 'tls.key'}",
            *(f"--{of}-kubeconfig={config}" for of in ("lister", "authentication", "authorization")),
            f"--metrics-service-address=localhost:{METRICS}",
            "--zap-log-level=error",
        ],
        places.logs / "keda-adapter.log",
        lambda: available(kubectl, "external.metrics.k8s.io"),
        environment,
    )
    return [operator, adapter]


def available(kubectl: Kubectl, group: str) -> bool:
    """Whether the API server reaches who serves *group*."""
    return kubectl.accepts("wait", "--for=condition=Available", f"apiservice/v1beta1.{group}", "--timeout=2s")
