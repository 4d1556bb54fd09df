"""What this machine must have for a cluster."""

import os
import re
import shutil
import subprocess

from tests.e2e.packages import CLUSTER, missing

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
    if packages := missing(CLUSTER):
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
