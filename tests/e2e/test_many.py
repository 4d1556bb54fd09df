"""Many ScaledObjects on one adapter, which answers all of them from memory."""

import asyncio
import base64
import re

import grpc
import pytest

from benchmarks.adapter.load import put_load
from tests.e2e.cluster.places import NODE_ADDRESS
from tests.e2e.deployment import NAMESPACE, Deployment
from tests.e2e.report import Report, quantiles

ADDRESS = f"dns://{NODE_ADDRESS}:53/autoscaler.{NAMESPACE}.svc.cluster.local:6000"
"""The cluster's own DNS is asked, and the name is the one on the certificate."""
TARGET = "frames"
ANSWERED_S = 0.25
"""One answer, whatever else the machine does; on an idle one it takes less than 0.02 s."""
ADAPTERS = "app.kubernetes.io/name=autoscaler"
LIMIT_MIB = 256
"""Of an adapter's pod."""


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("own_cluster")
def test_an_adapter_answers_many_scaled_objects_at_once(
    deployment: Deployment, report: Report, pytestconfig: pytest.Config
) -> None:
    objects, seconds = (1000, 60.0) if pytestconfig.getoption("--full") else (200, 5.0)
    since = deployment.mark()

    load = asyncio.run(
        put_load(ADDRESS, _credentials(deployment), TARGET, objects, seconds, lambda: _append(deployment))
    )

    took = quantiles(load.latencies_s)
    memory_mib = [_peak_mib(deployment, pod["metadata"]["name"]) for pod in deployment.pods(ADAPTERS)]
    report.add(
        f"one adapter for {objects} ScaledObjects",
        answer_s=took,
        first_push_s=min(load.pushed_s),
        last_push_s=max(load.pushed_s),
        memory_mib=memory_mib,
    )
    assert not load.failures
    assert took["p99"] <= ANSWERED_S
    assert max(memory_mib) < LIMIT_MIB
    ledger = deployment.balanced(since)
    assert (ledger.records, ledger.detected, ledger.duplicates) == (1, 1, 0)


def _append(deployment: Deployment) -> None:
    deployment.append()


def _credentials(deployment: Deployment) -> grpc.ChannelCredentials:
    """KEDA's own."""
    secret = deployment.kubectl.get("secret", "keda-client-tls")["data"]
    authority, key, certificate = (
        base64.b64decode(secret[name]) for name in ("ca.crt", "tls.key", "tls.crt")
    )
    return grpc.ssl_channel_credentials(authority, key, certificate)


def _peak_mib(deployment: Deployment, pod: str) -> float:
    """The most memory that a pod's process has had, its files not counted."""
    status = deployment.kubectl("exec", pod, "--", "cat", "/proc/1/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    assert found, status
    return int(found[1]) / 1024
