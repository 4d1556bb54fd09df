"""The rights that `manifests/base` gives the autoscaler are those that it needs."""

import logging
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from autoscaler.kubernetes_fleet.api import Api, ApiError, client
from autoscaler.kubernetes_fleet.cluster import Cluster
from autoscaler.kubernetes_fleet.deletion_cost import DELETION_COST
from autoscaler.kubernetes_fleet.fleet import KubernetesFleet
from autoscaler.kubernetes_fleet.lease_election import LeaseElection
from tests.unit.autoscaler.adapter.made import entry
from tests.waiting import until

BASE = Path(__file__).parents[3] / "manifests" / "base" / "autoscaler.yaml"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def own(api):
    """The API as the autoscaler's service account has it."""
    manifests = {one["kind"]: one for one in yaml.safe_load_all(BASE.read_text())}
    space = f"namespaces/{api.namespace}"
    manifests["RoleBinding"]["subjects"][0]["namespace"] = api.namespace
    api.call("POST", f"/api/v1/{space}/serviceaccounts", manifests["ServiceAccount"])
    api.call("POST", f"{RBAC}/{space}/roles", manifests["Role"])
    api.call("POST", f"{RBAC}/{space}/rolebindings", manifests["RoleBinding"])
    asked = api.call("POST", f"/api/v1/{space}/serviceaccounts/autoscaler/token", {"spec": {}})
    yield (account := Api(as_bearer(api, asked["status"]["token"]), api.namespace))
    account.close()


def as_bearer(api, token):
    from kubernetes.client import Configuration

    of_admin, settings = api._client.configuration, Configuration()
    settings.host, settings.ssl_ca_cert = of_admin.host, of_admin.ssl_ca_cert
    settings.api_key["BearerToken"] = f"Bearer {token}"
    return client(settings)


def test_they_are_enough(own, objects, caplog):
    caplog.set_level(logging.WARNING)
    objects.deployment()
    objects.scaled_object()
    objects.pod("a")
    with closing(Cluster(own)) as cluster, closing(LeaseElection(own, "me")) as election:
        until(lambda: cluster.owner("worker") and cluster._pods.objects and cluster._deployments.objects)
        fleet = KubernetesFleet(cluster, "frames", "worker")
        until(election.held)
        fleet.anticipate(replace(entry().decision, replicas=4), {})
        fleet.scale(4, {}, time.time())
        assert cluster.acts.settled(5)
        assert cluster.tells.settled(5)

        until(lambda: DELETION_COST in objects.annotations("a"))
        assert objects.wanted() == 4
        assert [one["reason"] for one in objects.events()] == ["ScaleUp"]
    assert not caplog.messages


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/{0}/secrets",
        "/api/v1/namespaces/{0}/configmaps",
        "/api/v1/pods",
        "/apis/apps/v1/namespaces/{0}/deployments/worker",
        "/apis/coordination.k8s.io/v1/namespaces/{0}/leases/other",
    ],
)
def test_they_are_no_more(own, path):
    with pytest.raises(ApiError) as refused:
        own.call("GET", path.format(own.namespace))

    assert refused.value.status == 403
