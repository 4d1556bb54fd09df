"""Who is not KEDA, and ScaledObjects of other people: what they get from the adapter is nothing."""

import base64
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import grpc
import pytest

from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.kubectl import Kubectl
from tests.e2e.cluster.node import PAUSE
from tests.e2e.cluster.places import HOST_ADDRESS, NODE_ADDRESS
from tests.e2e.deployment import KEDA, NAMESPACE, Deployment
from tests.e2e.report import Report
from tests.integration.adapter.keda import Keda
from tests.waiting import until

SERVICE = f"autoscaler.{NAMESPACE}.svc.cluster.local:6000"
ADDRESS = f"dns://{NODE_ADDRESS}:53/{SERVICE}"
"""The cluster's DNS is asked, so that the name is the one on the certificate."""
ADAPTERS = "app.kubernetes.io/name=autoscaler"
ELSEWHERE = "strangers"


@pytest.fixture
def dial(own_cluster: Cluster, session_deployment: Deployment) -> Iterator[Callable[..., Keda]]:
    """`dial(credentials)`: the adapter's Service, from outside of its pods."""
    clients: list[Keda] = []

    def connect(credentials: grpc.ChannelCredentials | None) -> Keda:
        clients.append(Keda(ADDRESS, credentials))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def broker() -> Iterator[socket.socket]:
    """A port of this host, which pods reach; nobody has connected to it yet."""
    with closing(socket.create_server((HOST_ADDRESS, 0))) as server:
        server.settimeout(10)
        yield server


@pytest.fixture(scope="module")
def strangers(own_cluster: Cluster, session_deployment: Deployment) -> Iterator["Strangers"]:
    strangers = Strangers(own_cluster)
    yield strangers
    strangers.close()


class Strangers:
    """A namespace of somebody else."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.kubectl: Kubectl = cluster.kubectl.within(ELSEWHERE)
        self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ELSEWHERE}})

    def scale(self, name: str, certificate: tuple[str, str, str] | None, **metadata: str) -> None:
        """
        Have KEDA scale a Deployment of theirs by our adapter.

        Args:
            name: Of all that there is for it.
            certificate: Authority, certificate and key that KEDA shall show; None: none.
            metadata: Of the trigger.
        """
        trigger: dict[str, Any] = {
            "type": "external-push",
            "metadata": {"scalerAddress": SERVICE, "enableTLS": "true", **metadata},
        }
        if certificate:
            self._authentication(name, certificate)
            trigger["authenticationRef"] = {"name": name}
        spec = {"scaleTargetRef": {"name": name}, "pollingInterval": 1, "triggers": [trigger]}
        self.kubectl.apply(
            _idle(name),
            {
                "apiVersion": "keda.sh/v1alpha1",
                "kind": "ScaledObject",
                "metadata": _named(name),
                "spec": spec,
            },
        )

    def condition(self, name: str) -> str:
        """Whether KEDA finds that it works: `True`, `False`, `Unknown`; empty: it has not looked yet."""
        conditions = self.kubectl.get("scaledobject", name).get("status", {}).get("conditions", ())
        return next((str(one["status"]) for one in conditions if one["type"] == "Ready"), "")

    def replicas(self, name: str) -> int:
        return int(self.kubectl("get", "deployment", name, "--output=jsonpath={.spec.replicas}"))

    def close(self) -> None:
        """Delete the ScaledObjects while their namespace is there, as KEDA has to let them go."""
        self.kubectl("delete", "scaledobjects", "--all", "--timeout=60s", timeout_s=70)
        self._cluster.kubectl("delete", "namespace", ELSEWHERE, "--timeout=60s", timeout_s=70)

    def _authentication(self, name: str, certificate: tuple[str, str, str]) -> None:
        keys = {"caCert": "ca.crt", "tlsClientCert": "tls.crt", "tlsClientKey": "tls.key"}
        self.kubectl.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": _named(name),
                "stringData": dict(zip(keys.values(), certificate, strict=True)),
            },
            {
                "apiVersion": "keda.sh/v1alpha1",
                "kind": "TriggerAuthentication",
                "metadata": _named(name),
                "spec": {
                    "secretTargetRef": [
                        {"parameter": parameter, "name": name, "key": key} for parameter, key in keys.items()
                    ]
                },
            },
        )


def test_by_grpc_only_who_has_a_certificate_of_the_authority_is_answered(
    dial: Callable[..., Keda], own_cluster: Cluster, session_deployment: Deployment, report: Report
) -> None:
    ca, chain, key = (text.encode() for text in ours(session_deployment))
    _, wrong_chain, wrong_key = (text.encode() for text in theirs(own_cluster))
    credentials = {
        "no TLS": None,
        "no certificate": grpc.ssl_channel_credentials(ca),
        "a certificate of another authority": grpc.ssl_channel_credentials(ca, wrong_key, wrong_chain),
        "KEDA's certificate": grpc.ssl_channel_credentials(ca, key, chain),
    }

    answers = {who: dial(shown).status("spec", target="frames").name for who, shown in credentials.items()}

    report.add("strangers: by gRPC", **answers)
    assert answers == dict.fromkeys(credentials, "UNAVAILABLE") | {"KEDA's certificate": "OK"}


def test_by_http_nobody_without_the_token_is_answered(
    own_cluster: Cluster, session_deployment: Deployment, report: Report
) -> None:
    pods = session_deployment.pods(ADAPTERS)
    paths = ("/v1/targets/frames/metrics", "/v1/decisions?target=frames")

    statuses = [http_status(pod, path) for pod in pods for path in paths]

    report.add("strangers: by HTTP", statuses=statuses)
    assert statuses == [401] * 4


def test_a_scaled_object_elsewhere_without_a_right_certificate_learns_nothing(
    strangers: Strangers, own_cluster: Cluster, report: Report
) -> None:
    strangers.scale("bare", None, target="frames", unsafeSsl="true")
    strangers.scale("impostor", theirs(own_cluster), target="frames", unsafeSsl="true")

    until(lambda: [strangers.condition(name) for name in ("bare", "impostor")] == ["False"] * 2, 60)

    refused = {name: strangers.condition(name) for name in ("bare", "impostor")}
    report.add("strangers: ScaledObject without a right certificate", ready=refused)
    assert strangers.replicas("bare") == strangers.replicas("impostor") == 0


def test_a_scaled_object_elsewhere_does_not_choose_what_the_adapter_connects_to(
    strangers: Strangers, broker: socket.socket, session_deployment: Deployment, report: Report
) -> None:
    host, port = broker.getsockname()
    reach_from_adapter(session_deployment, broker)
    asked = {"bootstrapServers": f"{host}:{port}", "topic": "secrets", "consumerGroup": "theirs"}
    before = calls(session_deployment)

    strangers.scale("unknown", ours(session_deployment), target="secrets", **asked)
    strangers.scale("known", ours(session_deployment), target="frames", **asked)

    until(lambda: strangers.condition("known") == "True" and strangers.condition("unknown") == "False", 60)
    not_found = until(lambda: told(session_deployment, "NOT_FOUND") - total(before, "NOT_FOUND"), 30)
    report.add("strangers: ScaledObject that names a broker", not_found=not_found)
    broker.setblocking(False)
    with pytest.raises(BlockingIOError):
        broker.accept()


def reach_from_adapter(deployment: Deployment, broker: socket.socket) -> None:
    """Show that a pod of the adapter would reach *broker*, if it tried."""
    pod = deployment.pods(ADAPTERS)[0]["metadata"]["name"]
    program = f"import socket; socket.create_connection({broker.getsockname()}, 5)"
    deployment.kubectl("exec", pod, "--", "python", "-c", program)
    connection, _ = broker.accept()
    connection.close()


def ours(deployment: Deployment) -> tuple[str, str, str]:
    """Authority, certificate and key that KEDA shows, as if somebody else had got hold of them."""
    data = deployment.kubectl.get("secret", "keda-client-tls")["data"]
    ca, chain, key = (base64.b64decode(data[name]).decode() for name in ("ca.crt", "tls.crt", "tls.key"))
    return ca, chain, key


def theirs(cluster: Cluster) -> tuple[str, str, str]:
    """The same by an authority that nobody here knows; the names are the right ones."""
    authority = cluster.authority("stranger")
    certificate, key = authority.issue("keda-client", "keda-operator", names=[KEDA])
    return authority.file.read_text(), certificate.read_text(), key.read_text()


def http_status(pod: Mapping[str, Any], path: str) -> int:
    """How one adapter answers who shows no token."""
    context = ssl._create_unverified_context()  # noqa: S323  # it is we who are to be refused
    try:
        with urlopen(f"https://{pod['status']['podIP']}:8080{path}", context=context, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def calls(deployment: Deployment) -> dict[tuple[str, str], float]:
    """Calls of all adapters by method and status."""
    counted: dict[tuple[str, str], float] = {}
    for pod in deployment.pods(ADAPTERS):
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/https:{pod['metadata']['name']}:8080/proxy/metrics"
        metrics = deployment.kubectl("get", "--raw", path)
        for method, status, number in re.findall(
            r'^detectscale_adapter_calls_total\{method="(.*?)",status="(.*?)"\} (\S+)$', metrics, re.MULTILINE
        ):
            counted[method, status] = counted.get((method, status), 0) + float(number)
    return counted


def told(deployment: Deployment, status: str) -> float:
    """How many calls were answered so."""
    return total(calls(deployment), status)


def total(counted: Mapping[tuple[str, str], float], wanted: str) -> float:
    return sum(number for (_, status), number in counted.items() if status == wanted)


def _named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": ELSEWHERE}


def _idle(name: str) -> dict[str, Any]:
    """A Deployment whose pods do nothing, of which there are none."""
    labels = {"app": name}
    container = {"name": "idle", "image": PAUSE, "imagePullPolicy": "Never"}
    pod = {"containers": [container], "terminationGracePeriodSeconds": 1}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _named(name),
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }
