"""
A namespace for each test on a real API server with KEDA's kinds of objects; nodes and KEDA need not run.

It is the one that KUBECONFIG names, or else the session's.
"""

import gc
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from autoscaler.kubernetes_fleet.api import Api, ApiError, client
from autoscaler.kubernetes_fleet.cluster import Cluster
from tests.e2e.api.objects import Objects
from tests.integration.faults.proxy import Proxy
from tests.waiting import until


@pytest.fixture
def kubeconfig(request: pytest.FixtureRequest) -> str:
    return os.environ.get("KUBECONFIG") or request.getfixturevalue("cluster").kubeconfig


@pytest.fixture
def api(kubeconfig: str) -> Iterator[Api]:
    """The API, and a fresh namespace."""
    with closing(connected(kubeconfig, f"test-{uuid.uuid4().hex[:8]}")) as api:
        space = f"/api/v1/namespaces/{api.namespace}"
        api.call("POST", "/api/v1/namespaces", {"metadata": {"name": api.namespace}})
        try:
            until(lambda: is_there(api, f"{space}/serviceaccounts/default"))
            yield api
        finally:
            api.call("DELETE", space)


@pytest.fixture
def proxy(api: Api) -> Iterator[Proxy]:
    """Between `api_behind_proxy` and the API server."""
    server = urlsplit(api._client.configuration.host)
    with Proxy(server.port or 443, server.hostname or "localhost") as between:
        yield between


@pytest.fixture
def api_behind_proxy(kubeconfig: str, api: Api, proxy: Proxy) -> Iterator[Api]:
    """The same namespace by another way."""
    with closing(connected(kubeconfig, api.namespace, f"https://localhost:{proxy.port}")) as other:
        yield other
    gc.collect()  # urllib3 leaves connections to it that are reset while they are made


@pytest.fixture
def objects(api: Api) -> Objects:
    """What a test puts into its namespace."""
    return Objects(api)


@pytest.fixture
def view(api: Api) -> Iterator[Cluster]:
    """What the autoscaler sees of it."""
    with closing(Cluster(api)) as view:
        until(lambda: sees(view), every_s=0.01)
        yield view


def connected(kubeconfig: str, namespace: str, host: str | None = None) -> Api:
    from kubernetes import config
    from kubernetes.client import Configuration

    settings = Configuration()
    config.load_kube_config(kubeconfig, client_configuration=settings)
    settings.host = host or settings.host
    return Api(client(settings), namespace)


def sees(view: Cluster) -> bool:
    """Whether all its watches stand."""
    return all(one.age_s(time.monotonic()) == 0 for one in view._watches)


def is_there(api: Api, path: str) -> bool:
    try:
        api.call("GET", path)
    except ApiError:
        return False
    return True
