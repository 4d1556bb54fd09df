"""
What is looked at: every overlay, and the base with each component.

`python -m tests.manifests.variants FOLDER` renders them into files, for scanners.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from detectscale.manifests_lint.manifests import Manifest
from tests.manifests.rendering import MANIFESTS, base_with, rendered

OVERLAYS = sorted(path.name for path in (MANIFESTS / "overlays").iterdir())
COMPONENTS = sorted(path.name for path in (MANIFESTS / "components").iterdir())
NEEDS = {"gpu-shared": ["gpu-nvidia"]}
"""Components that change what another one adds."""


def overlay(name: str) -> list[Manifest]:
    """The objects of an overlay."""
    return rendered(MANIFESTS / "overlays" / name)


def component(name: str) -> list[Manifest]:
    """The objects of the base with a component, behind a wall as every overlay has it."""
    with TemporaryDirectory() as folder:
        return base_with([*NEEDS.get(name, []), *{name, "network-policy"}], Path(folder))


def write(folder: Path) -> None:
    """Write a file for each into *folder*, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, names, render in (("overlay", OVERLAYS, overlay), ("component", COMPONENTS, component)):
        for name in names:
            text = yaml.safe_dump_all([manifest.body for manifest in render(name)])
            (folder / f"{kind}-{name}.yaml").write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
