"""A broker that may be broken, a way to it through a proxy, and a stage for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from frames.clients import KafkaSettings
from tests.integration.faults.brokers import Broker, behind_proxy, reached
from tests.integration.faults.images import small_images
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.rig import Rig

StartRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def session_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Proxy]]:
    """One broker for all tests that leave it its records; starting one takes longer than most faults."""
    with behind_proxy(tmp_path_factory.mktemp("broker")) as broker_and_proxy:
        yield broker_and_proxy


@pytest.fixture
def broker(session_broker: tuple[Broker, Proxy]) -> Broker:
    """Running, whatever the test before did to it."""
    broker, _ = session_broker
    if broker.ended:
        broker.start()
        broker.ready()
    return broker


@pytest.fixture
def proxy(session_broker: tuple[Broker, Proxy], broker: Broker) -> Iterator[Proxy]:
    """The way to the broker that can be cut."""
    proxy = session_broker[1]
    yield proxy
    proxy.heal()


@pytest.fixture
def via_proxy(proxy: Proxy) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=f"127.0.0.1:{proxy.port}")


@pytest.fixture(scope="session")
def images() -> list[bytes]:
    return small_images()


@pytest.fixture
def rig(broker: Broker, images: list[bytes], tmp_path: Path) -> Iterator[StartRig]:
    """Sets a stage on the shared broker, or on that of `kafka`."""
    rigs: list[Rig] = []

    def start(fault: str, kafka: KafkaSettings | None = None, **options: Any) -> Rig:
        rigs.append(Rig(fault, kafka or reached([broker]), tmp_path, images, **options))
        return rigs[-1]

    yield start
    for one in rigs:
        one.close()
        print(one.logs())  # pytest shows it when the test fails
