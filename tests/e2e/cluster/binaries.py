"""
The cluster's binaries, built once from the Go modules pinned in `gomod/`.

The first build takes eleven minutes on two cores and 11 GB of Go's caches; a binary whose pins did not
change is taken from the cache of these tests.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.e2e.cluster.places import HERE

GOMOD = HERE / "gomod"
TOOLS = {
    "kubernetes": [
        f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
            "kube-proxy",
            "kubectl",
        )
    ],
    "etcd": ["go.etcd.io/etcd/server/v3"],
    "coredns": ["github.com/coredns/coredns"],
    "keda": ["github.com/kedacore/keda/v2/cmd/operator", "github.com/kedacore/keda/v2/cmd/adapter"],
    "metrics-server": ["sigs.k8s.io/metrics-server/cmd/metrics-server"],
}
"""Packages by module folder."""
NAMES = {"v3": "etcd", "operator": "keda-operator", "adapter": "keda-adapter"}
"""Of binaries that are not named as their package."""
PREBUILT = "DETECTSCALE_E2E_BIN"
"""Environment: a folder that has the binaries already."""


class Binaries:
    """
    A folder of binaries, and KEDA's own manifests.

    Args:
        cache: Where they are kept, in a folder for each set of pins.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def __call__(self, name: str) -> str:
        """The path of a binary, built now if it is not there."""
        if (given := os.environ.get(PREBUILT)) and (found := Path(given, name)).exists():
            return str(found)
        module, package = next(
            (module, package)
            for module, packages in TOOLS.items()
            for package in packages
            if _name(package) == name
        )
        binary = self._folder(module) / name
        if not binary.exists():
            self._build(module, package, binary)
        return str(binary)

    def build_all(self) -> None:
        """Build what is not there yet."""
        for packages in TOOLS.values():
            for package in packages:
                self(_name(package))

    def source(self, module: str, path: str) -> Path:
        """The folder of a module's source code, as Go keeps it."""
        answer = _go("list", "-m", "-json", path, folder=GOMOD / module)
        described: dict[str, Any] = json.loads(answer)
        if "Dir" not in described:
            described = json.loads(_go("mod", "download", "-json", path, folder=GOMOD / module))
        return Path(described["Dir"])

    def _folder(self, module: str) -> Path:
        pins = (GOMOD / module / "go.mod").read_bytes() + (GOMOD / module / "go.sum").read_bytes()
        return self._cache / "bin" / f"{module}-{hashlib.sha256(pins).hexdigest()[:12]}"

    def _build(self, module: str, package: str, binary: Path) -> None:
        began = time.monotonic()
        print(f"building {binary.name} …", file=sys.stderr, flush=True)
        binary.parent.mkdir(parents=True, exist_ok=True)
        draft = binary.with_suffix(".new")
        flags = ["-trimpath", "-buildvcs=false", "-ldflags", _linked(module)]
        _go("build", *flags, "-o", str(draft), package, folder=GOMOD / module)
        draft.replace(binary)
        print(f"built {binary.name} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _name(package: str) -> str:
    last = package.rpartition("/")[2]
    return NAMES.get(last, last)


def _linked(module: str) -> str:
    """No symbols; Kubernetes is told its version, which its own build would do."""
    flags = "-s -w"
    if module == "kubernetes":
        version = _go("list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes", folder=GOMOD / module).strip()
        major, minor, _ = version.removeprefix("v").split(".")
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += f" -X {package}.gitVersion={version}"
            flags += f" -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    return flags


def _go(*arguments: str, folder: Path) -> str:
    go = shutil.which("go")
    assert go, "Go is not installed"
    done = subprocess.run([go, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"go {' '.join(arguments[:2])} in {folder}:\n{done.stderr[-4000:]}"
    return done.stdout
