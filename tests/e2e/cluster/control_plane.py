"""etcd, API server, controller manager and scheduler."""

from tests.e2e.cluster.binaries import Binaries
from tests.e2e.cluster.kubectl import Kubectl
from tests.e2e.cluster.machine import Machine
from tests.e2e.cluster.pki import Pki
from tests.e2e.cluster.places import NODE_ADDRESS, SERVICES, Places
from tests.e2e.cluster.processes import Process

ETCD = "http://127.0.0.1:2379"
ETCD_PEER = "http://127.0.0.1:2380"
SYNC = "15s"
"""How often the HPA decides: Kubernetes' default."""


def control_plane(
    machine: Machine, binaries: Binaries, pki: Pki, places: Places, kubectl: Kubectl
) -> list[Process]:
    """Not started yet, in the order in which to start them; each is up before the next one starts."""

    def answers(path: str) -> bool:
        return kubectl.accepts("get", "--raw", path)

    def controller(name: str, *flags: str) -> Process:
        config = pki.kubeconfig(f"system:{name}")
        shared = [f"--{of}kubeconfig={config}" for of in ("", "authentication-", "authorization-")]
        command = [binaries(name), *shared, "--bind-address=127.0.0.1", "--leader-elect=false", *flags]
        return Process(machine, name, command, places.logs / f"{name}.log", lambda: True)

    etcd = Process(
        machine,
        "etcd",
        [
            binaries("etcd"),
            "--name=e2e",
            f"--data-dir={places.state / 'etcd'}",
            "--unsafe-no-fsync",  # its data ends with the cluster
            f"--listen-client-urls={ETCD}",
            f"--advertise-client-urls={ETCD}",
            f"--listen-peer-urls={ETCD_PEER}",
            f"--initial-advertise-peer-urls={ETCD_PEER}",
            f"--initial-cluster=e2e={ETCD_PEER}",
            "--log-level=warn",
        ],
        places.logs / "etcd.log",
        lambda: True,  # the API server waits for it
    )
    api_server = Process(
        machine,
        "kube-apiserver",
        [
            binaries("kube-apiserver"),
            f"--etcd-servers={ETCD}",
            "--secure-port=6443",
            f"--advertise-address={NODE_ADDRESS}",
            f"--service-cluster-ip-range={SERVICES}",
            "--authorization-mode=Node,RBAC",
            "--anonymous-auth=false",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--client-ca-file={pki('ca.crt')}",
            f"--tls-cert-file={pki('apiserver.crt')}",
            f"--tls-private-key-file={pki('apiserver.key')}",
            f"--kubelet-client-certificate={pki('kubelet-client.crt')}",
            f"--kubelet-client-key={pki('kubelet-client.key')}",
            f"--kubelet-certificate-authority={pki('ca.crt')}",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={pki('service-accounts.pub')}",
            f"--service-account-signing-key-file={pki('service-accounts.key')}",
            # By these it vouches for users before the metrics APIs that others serve.
            f"--requestheader-client-ca-file={pki('front-proxy-ca.crt')}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={pki('front-proxy-client.crt')}",
            f"--proxy-client-key-file={pki('front-proxy-client.key')}",
        ],
        places.logs / "kube-apiserver.log",
        lambda: answers("/readyz"),
    )
    controllers = controller(
        "kube-controller-manager",
        f"--horizontal-pod-autoscaler-sync-period={SYNC}",
        "--use-service-account-credentials=true",
        f"--root-ca-file={pki('ca.crt')}",
        f"--service-account-private-key-file={pki('service-accounts.key')}",
        f"--cluster-signing-cert-file={pki('ca.crt')}",
        f"--cluster-signing-key-file={pki('ca.key')}",
    )
    return [etcd, api_server, controllers, controller("kube-scheduler")]
