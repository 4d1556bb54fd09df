"""What this machine must have for a cluster."""

import os
import re
import shutil
import subprocess
from pathlib import Path

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "gcc": "gcc",
    "/usr/include/stdio.h": "libc6-dev",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/usr/lib/cni/host-local": "containernetworking-plugins",
}
"""Debian packages by a program or a file of theirs."""
OLDEST_GO = (1, 21)


class Missing(Exception):  # noqa: N818  # named as it is said
    """The cluster cannot run here; the message names all that is missing."""


def require() -> None:
    """
    Look for everything at once.

    Raises:
        Missing: Something is not there.
    """
    lacks = []
    if os.geteuid() != 0:
        lacks.append("root (namespaces, mounts and cgroups are made)")
    if go_version() < OLDEST_GO:
        lacks.append("Go 1.21 or later (go.dev/dl), which fetches the newer one that the pins name")
    if packages := missing_packages():
        lacks.append(f"Debian packages: apt-get install {' '.join(packages)}")
    if lacks:
        raise Missing("a cluster on this machine needs: " + "; ".join(lacks))


def go_version() -> tuple[int, ...]:
    """Of the Go that is installed; empty if there is none."""
    if not (go := shutil.which("go")):
        return ()
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


def missing_packages() -> list[str]:
    """Names of Debian packages."""
    return sorted({package for file, package in PACKAGES.items() if not _there(file)})


def _there(file: str) -> bool:
    return Path(file).exists() if file.startswith("/") else bool(shutil.which(file, path=PATH))


PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
