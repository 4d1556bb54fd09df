"""
The node: containerd, kubelet, kube-proxy, and CoreDNS beside them on its address.

It has what a machine without CAP_SYS_RESOURCE needs: nobody may lower an `oom_score_adj` there, and runc
fails with "can't get final child's PID from pipe: EOF" when it is told to. It works with both versions of
cgroups.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from tests.e2e.cluster.binaries import Binaries
from tests.e2e.cluster.kubectl import Kubectl
from tests.e2e.cluster.machine import BRIDGE, CGROUP, Machine
from tests.e2e.cluster.pki import Pki
from tests.e2e.cluster.places import DNS_SERVICE, FIRST_POD, NODE, NODE_ADDRESS, SUBNET, Places
from tests.e2e.cluster.processes import Process, answers
from tests.e2e.packages import PATH

SOCKET = "/run/containerd/containerd.sock"
PAUSE = "localhost/detectscale/pause:e2e"
RUNC = "io.containerd.runc.v2"
DNS_READY = f"{NODE_ADDRESS}:8094"


def containerd(machine: Machine, places: Places, alone: bool = False) -> Process:
    """
    Images and containers.

    Args:
        alone: Without the part that serves the kubelet.
    """
    network = {
        "cniVersion": "1.0.0",
        "name": "e2e",
        "plugins": [
            {
                "type": "bridge",
                "bridge": BRIDGE,
                "isGateway": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": SUBNET, "gateway": NODE_ADDRESS, "rangeStart": FIRST_POD}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }
    _write(places.state / "cni" / "10-e2e.conflist", json.dumps(network))
    config = f"""
        version = 2
        root = "{places.storage}"
        state = "/run/containerd"
        disabled_plugins = {["io.containerd.grpc.v1.cri"] if alone else []}
        [grpc]
          address = "{SOCKET}"
        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "{PAUSE}"
          restrict_oom_score_adj = true
          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
            runtime_type = "{RUNC}"
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/usr/lib/cni"
            conf_dir = "{places.state / "cni"}"
    """
    file = _write(places.state / "containerd.toml", config)
    return Process(
        machine,
        "containerd",
        [_installed("containerd"), "--config", str(file)],
        places.logs / "containerd.log",
        lambda: bool(machine.run("sh", "-c", f"ctr --address {SOCKET} version 2>/dev/null || true")),
    )


def kubelet(machine: Machine, binaries: Binaries, pki: Pki, places: Places, kubectl: Kubectl) -> Process:
    """Runs the node's pods."""
    resolver = _write(places.state / "pods-resolv.conf", f"nameserver {NODE_ADDRESS}\n")
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": pki("ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": pki("kubelet-server.crt"),
        "tlsPrivateKeyFile": pki("kubelet-server.key"),
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "makeIPTablesUtilChains": False,
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": str(resolver),
        # The host's disk is not the cluster's business, nor may it throw images away.
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "nodeStatusUpdateFrequency": "5s",
        "shutdownGracePeriod": "0s",
    }
    file = _write(places.state / "kubelet.yaml", yaml.safe_dump(config))
    return Process(
        machine,
        "kubelet",
        [
            binaries("kubelet"),
            f"--config={file}",
            f"--kubeconfig={pki.kubeconfig(f'system:node:{NODE}', 'system:nodes')}",
            f"--root-dir={places.state / 'kubelet'}",
            f"--hostname-override={NODE}",
            f"--node-ip={NODE_ADDRESS}",
        ],
        places.logs / "kubelet.log",
        lambda: kubectl.accepts("wait", "--for=condition=Ready", f"node/{NODE}", "--timeout=5s"),
    )


def kube_proxy(machine: Machine, binaries: Binaries, pki: Pki, places: Places) -> Process:
    """Services' addresses."""
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": pki.kubeconfig("system:kube-proxy")},
        "mode": "nftables",
        "hostnameOverride": NODE,
        "clusterCIDR": SUBNET,
        "oomScoreAdj": 0,
        # The table's size is the whole host's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
    }
    file = _write(places.state / "kube-proxy.yaml", yaml.safe_dump(config))
    return Process(
        machine,
        "kube-proxy",
        [binaries("kube-proxy"), f"--config={file}"],
        places.logs / "kube-proxy.log",
        lambda: True,
    )


def coredns(machine: Machine, binaries: Binaries, pki: Pki, places: Places) -> Process:
    """Names of Services, for pods and for KEDA."""
    config = f"""
    .:53 {{
      bind {NODE_ADDRESS}
      errors
      ready {DNS_READY}
      kubernetes cluster.local in-addr.arpa {{
        kubeconfig {pki.service_account("kube-system", "coredns")}
        ttl 1
      }}
    }}
    """
    file = _write(places.state / "Corefile", config)
    url = f"http://{DNS_READY}/ready"
    return Process(
        machine,
        "coredns",
        [binaries("coredns"), "-conf", str(file)],
        places.logs / "coredns.log",
        lambda: answers(url),
    )


def dns_service() -> list[dict[str, object]]:
    """The Service of CoreDNS; as that is no pod, its endpoint is named."""
    ports = [{"name": name, "port": 53, "protocol": name.upper()} for name in ("udp", "tcp")]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system"},
            "spec": {"clusterIP": DNS_SERVICE, "ports": ports},
        },
        endpoint("kube-dns", "kube-system", NODE_ADDRESS, ports),
    ]


def endpoint(
    service: str, namespace: str, address: str, ports: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """What stands behind a Service without a selector."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": service,
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "ports": list(ports),
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }


def _installed(program: str) -> str:
    found = shutil.which(program, path=PATH)
    assert found, program
    return found


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
