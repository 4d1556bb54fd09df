"""Every overlay, and the base with each component, rendered once."""

from collections.abc import Callable, Sequence
from functools import cache

import pytest

from detectscale.manifests_lint.manifests import Manifest
from tests.manifests import variants
from tests.manifests.variants import COMPONENTS, OVERLAYS

_overlay = cache(variants.overlay)
_component = cache(variants.component)


@pytest.fixture
def overlay() -> Callable[[str], list[Manifest]]:
    """The objects of an overlay, by its name."""
    return _overlay


@pytest.fixture
def component() -> Callable[[str], list[Manifest]]:
    """The objects of the base with a component, by its name."""
    return _component


@pytest.fixture(params=[*(f"overlay {name}" for name in OVERLAYS), *(f"with {name}" for name in COMPONENTS)])
def manifests(request: pytest.FixtureRequest) -> Sequence[Manifest]:
    """Each variant in turn."""
    kind, name = request.param.split()
    return _overlay(name) if kind == "overlay" else _component(name)
