"""The images, built from the repository as it is, and unpacked once."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.e2e.cluster.images import Images
from tests.e2e.cluster.places import Places, default_cache
from tests.images.shipped import Shipped, unpack

Shipping = Callable[[str], Shipped]
TEST_S = 180
"""That a test may take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's time does not include building the images, which the first one waits for."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TEST_S, func_only=True), append=False)


@pytest.fixture(scope="session")
def shipped() -> Iterator[Shipping]:
    """An image, by the name of its target."""
    places = Places(default_cache())
    with TemporaryDirectory(prefix="detectscale-images-") as folder:

        @cache
        def unpacked(target: str) -> Shipped:
            Images(places).build(target)
            root = Path(folder, target)
            root.mkdir()
            return unpack(target, places.cache / "images" / f"detectscale-{target}-e2e.tar", root)

        yield unpacked


@pytest.fixture
def control(shipped: Shipping) -> Shipped:
    return shipped("control")


@pytest.fixture
def worker(shipped: Shipping) -> Shipped:
    return shipped("worker")


@pytest.fixture(params=["control", "worker"])
def image(request: pytest.FixtureRequest, shipped: Shipping) -> Shipped:
    """Each in turn."""
    return shipped(request.param)
