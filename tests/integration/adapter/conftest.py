"""The adapter's doors on this machine, over targets that a test fills, and KEDA in front of them."""

import threading
from collections.abc import Callable, Iterator

import pytest

from autoscaler.adapter.doors import Doors
from autoscaler.adapter.settings import AdapterSettings
from autoscaler.adapter.targets import Target
from detectscale.embedded.ports import free_port
from tests.integration.adapter.keda import Keda
from tests.unit.autoscaler.adapter.made import PARAMS


@pytest.fixture
def targets() -> dict[str, Target]:
    """Two, of which nothing is known yet."""
    return {name: Target(name, PARAMS.max_replicas, stale_s=30.0) for name in ("frames", "shadow")}


@pytest.fixture
def open_doors(targets: dict[str, Target]) -> Iterator[Callable[..., tuple[Doors, AdapterSettings]]]:
    """`open_doors(**settings)`, on free ports."""
    opened: list[Doors] = []

    def opens(**given: object) -> tuple[Doors, AdapterSettings]:
        ports = {"grpc_port": free_port(), "http_port": free_port()}
        settings = AdapterSettings.model_validate(ports | given)
        opened.append(Doors(settings, targets, threading.Event()))
        return opened[-1], settings

    yield opens
    for doors in opened:
        doors.close()


@pytest.fixture
def keda() -> Iterator[Callable[..., Keda]]:
    """`keda(port, credentials=None)`."""
    clients: list[Keda] = []

    def connect(port: int, **given: object) -> Keda:
        clients.append(Keda(f"localhost:{port}", **given))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
