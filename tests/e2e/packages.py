"""
Debian's programs that scenarios work with.

    python -m tests.e2e.packages                    installs those that are missing (root)
    python -m tests.e2e.packages browser monitoring   of these alone
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CLUSTER = {
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
"""Packages by a program or a file of theirs: a Kubernetes node and its images."""
RTSP_SERVER = {
    "/usr/lib/python3/dist-packages/gi/__init__.py": "python3-gi",
    "/usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib": "gir1.2-gst-rtsp-server-1.0",
    "/usr/lib/*/gstreamer-1.0/libgstrtp.so": "gstreamer1.0-plugins-good",
    "/usr/lib/*/gstreamer-1.0/libgstx264.so": "gstreamer1.0-plugins-ugly",
    "/usr/lib/*/gstreamer-1.0/libgstlibav.so": "gstreamer1.0-libav",
    "/usr/share/doc/opencv-doc/examples/data/vtest.avi": "opencv-doc",
}
"""A camera on the network, and what it shows."""
BROWSER = {"chromium": "chromium", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core"}
MONITORING = {"prometheus": "prometheus", "promtool": "prometheus"}
GROUPS = {"cluster": CLUSTER, "cameras": RTSP_SERVER, "browser": BROWSER, "monitoring": MONITORING}

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def missing(packages: Mapping[str, str]) -> list[str]:
    """Names of those that are not installed."""
    return sorted({package for file, package in packages.items() if not _there(file)})


def _there(file: str) -> bool:
    return any(Path("/").glob(file[1:])) if file.startswith("/") else bool(shutil.which(file, path=PATH))


if __name__ == "__main__":
    wanted = {file: name for group in sys.argv[1:] or GROUPS for file, name in GROUPS[group].items()}
    if names := missing(wanted):
        subprocess.run(["apt-get", "update"], check=True)  # noqa: S607
        subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", *names], check=True)  # noqa: S607
