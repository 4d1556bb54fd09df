"""
A cluster for the session, detectscale deployed on it, and a report.

    cluster     this machine's own, or the one that `KUBECONFIG` names
    own_cluster  the same, for tests that stop its daemons
    deployment  `manifests/overlays/local`, up and at zero workers when a test begins
    report      figures, written to `--report FILE`
    repeated    how often to do something: once, or as often as `--full` says
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.remains import remains
from tests.e2e.cluster.requirements import Missing
from tests.e2e.deployment import Deployment
from tests.e2e.existing_cluster import ExistingCluster
from tests.e2e.report import Report

TEST_S = 600
"""That a test may take, unless it says otherwise."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("e2e")
    group.addoption("--report", type=Path, help="file for the figures, JSON")
    group.addoption("--full", action="store_true", help="all repetitions")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's time does not include making the cluster, which the first one waits for."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            marked = item.get_closest_marker("timeout")
            seconds = marked.args[0] if marked else TEST_S
            item.add_marker(pytest.mark.timeout(seconds, func_only=True), append=False)
            # kafka-python 3.0.12 leaves a socket to the collector when it is closed amid a metadata refresh.
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"))


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Iterator[Report]:
    report = Report(pytestconfig.getoption("--report"))
    yield report
    report.write()


@pytest.fixture(scope="session")
def repeated(pytestconfig: pytest.Config) -> Callable[[int], range]:
    """`for n in repeated(50)`: once in a usual run."""
    full = pytestconfig.getoption("--full")
    return lambda times: range(times if full else 1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster | ExistingCluster]:
    try:
        if os.environ.get("KUBECONFIG"):
            yield ExistingCluster(tmp_path_factory.mktemp("authorities"))
        else:
            with Cluster() as cluster:
                yield cluster
            assert remains(cluster.places) == []
    except Missing as missing:
        pytest.exit(str(missing), returncode=1)


@pytest.fixture(scope="session")
def own_cluster(cluster: Cluster | ExistingCluster) -> Cluster:
    if isinstance(cluster, ExistingCluster):
        pytest.skip("stops parts of the cluster: unset KUBECONFIG, to have one made here")
    return cluster


@pytest.fixture(scope="session")
def session_deployment(cluster: Cluster | ExistingCluster) -> Iterator[Deployment]:
    deployment = Deployment(cluster)
    deployment.up()
    yield deployment
    deployment.close()
    if isinstance(cluster, ExistingCluster):
        deployment.down()


@pytest.fixture
def deployment(session_deployment: Deployment) -> Deployment:
    session_deployment.await_zero()
    return session_deployment
