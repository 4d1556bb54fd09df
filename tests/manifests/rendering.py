"""
Renders manifests as `kubectl apply -k` would, with a kustomize that `tools/go.mod` pins.

The first call builds it (a minute); Go keeps it in its cache.
"""

import shutil
import subprocess
from collections.abc import Iterable
from os.path import relpath
from pathlib import Path

import yaml

from detectscale.manifests_lint.manifests import Manifest

MANIFESTS = Path(__file__).parents[2] / "manifests"
TOOLS = Path(__file__).parent / "tools"


def run_go(*arguments: str) -> str:
    """What `go` prints."""
    go = shutil.which("go")
    assert go, "the tests of the manifests need Go 1.24 or later: apt-get install golang-go"
    done = subprocess.run([go, "-C", str(TOOLS), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(folder: Path) -> list[Manifest]:
    """The objects that a kustomization makes."""
    text = run_go("tool", "kustomize", "build", str(folder))
    return [Manifest(folder.name, body) for body in yaml.safe_load_all(text)]


def base_with(components: Iterable[str], folder: Path) -> list[Manifest]:
    """The base with *components*, by a kustomization written into *folder*."""
    folder = folder.resolve()
    kustomization = {
        "namespace": "detectscale",
        "resources": [relpath(MANIFESTS / "base", folder)],
        "components": [relpath(MANIFESTS / "components" / name, folder) for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return rendered(folder)
