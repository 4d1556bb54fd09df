"""
Images of the cluster's pods, built here by buildah and loaded into containerd.

The base is Debian as this host's apt knows it, with Python: the `Dockerfile` of the project is built upon
it. This host's pip settings and certificates are lent to the steps that need a network, by mounts that
leave nothing in the image.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.cluster.machine import Machine
from tests.e2e.cluster.node import PAUSE, SOCKET, containerd
from tests.e2e.cluster.places import HERE, REPOSITORY, Places
from tests.e2e.packages import PATH

TARGETS = ("control", "worker")
BASE = "localhost/detectscale/python-base:2"
"""Another number where it is made differently."""
PACKAGES = "ca-certificates,python3,python3-venv"
UNWANTED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf")


def image(target: str) -> str:
    """The name of an image of the project."""
    return f"localhost/detectscale/{target}:e2e"


class Images:
    """Builds images and keeps them as archives, in the cache."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._archives = places.cache / "images"

    def build(self, *targets: str) -> list[str]:
        """Build what is missing or no longer what the repository says; the names of all images."""
        self._archives.mkdir(parents=True, exist_ok=True)
        if not self._id(PAUSE):
            self._build_pause()
        if not self._id(BASE):
            self._build_base()
        for target in targets or TARGETS:
            self._build_target(target)
        names = [PAUSE, *(image(target) for target in targets or TARGETS)]
        for name in names:
            self._archive(name)
        return names

    def load(self, machine: Machine, names: list[str]) -> None:
        """
        Give containerd the images that it does not have in this version, and take from it what containers an
        earlier run left in its books: it works without Kubernetes as long as that lasts.
        """
        ctr = ["ctr", "--address", SOCKET, "--namespace", "k8s.io"]
        process = containerd(machine, self._places, alone=True)
        process.start()
        process.await_ready()
        try:
            for container in machine.run(*ctr, "containers", "ls", "-q").split():
                machine.run(*ctr, "containers", "rm", container)
            known = machine.run(*ctr, "images", "ls", "-q").split()
            for name in names:
                loaded = self._places.storage / f"{_file(name)}.id"
                if name in known and loaded.exists() and loaded.read_text() == self._id(name):
                    continue
                machine.run(*ctr, "images", "import", str(self._archives / f"{_file(name)}.tar"))
                loaded.write_text(self._id(name))
        finally:
            process.stop()

    def _archive(self, name: str) -> None:
        """An archive of the image as it is now."""
        archive, made = (self._archives / f"{_file(name)}.{end}" for end in ("tar", "id"))
        if not archive.exists() or not made.exists() or made.read_text() != self._id(name):
            made.unlink(missing_ok=True)
            archive.unlink(missing_ok=True)
            self._buildah("push", "--quiet", name, f"docker-archive:{archive}:{name}")
            made.write_text(self._id(name))

    def _build_pause(self) -> None:
        with TemporaryDirectory() as folder:
            _run("gcc", "-Os", "-static", "-s", "-o", f"{folder}/pause", str(HERE / "objects" / "pause.c"))
            Path(folder, "Dockerfile").write_text(
                'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n'
            )
            self._buildah("build", "--quiet", "--tag", PAUSE, folder)

    def _build_base(self) -> None:
        with _told("building the base image (debootstrap)"), TemporaryDirectory(dir=self._archives) as folder:
            root = Path(folder, "rootfs")
            release = _release()
            _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, str(root), _mirror())
            for unwanted in UNWANTED:
                shutil.rmtree(root / unwanted, ignore_errors=True)
            for of_this_host in ("etc/apt/sources.list", "etc/resolv.conf", "etc/hostname"):
                (root / of_this_host).unlink(missing_ok=True)
            Path(folder, "Dockerfile").write_text("FROM scratch\nCOPY rootfs /\n")
            self._buildah("build", "--quiet", "--tag", BASE, folder)

    def _build_target(self, target: str) -> None:
        lent = [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"]
        settings = [file for file in map(os.path.expanduser, PIP_SETTINGS) if os.path.exists(file)]
        lent += [f"--secret=id=pip.conf,src={file}" for file in settings[-1:]]
        with _told(f"building the image {target}"):
            self._buildah(
                "build",
                "--quiet",
                "--layers",
                "--network=host",
                f"--build-arg=BASE={BASE}",
                f"--target={target}",
                f"--tag={image(target)}",
                *lent,
                str(REPOSITORY),
            )

    def _id(self, name: str) -> str:
        """What an image is, beside what it is called; empty if there is none."""
        try:
            return self._buildah("images", "--quiet", "--no-trunc", name).strip()
        except AssertionError:
            return ""

    def _buildah(self, *arguments: str) -> str:
        store = self._places.cache / "buildah"
        options = ["--root", str(store), "--runroot", str(store / "run"), "--storage-driver", "overlay"]
        # In a mount namespace of its own: it leaves mounts behind.
        alone = ["unshare", "--mount", "--propagation=private"]
        return _run(*alone, "buildah", *options, *arguments, BUILDAH_ISOLATION="chroot")


class _told:  # noqa: N801  # reads as a statement
    """Says on standard error what takes long, and how long it took."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        self._began = time.monotonic()
        print(f"{self._what} …", file=sys.stderr, flush=True)

    def __exit__(self, *exception: object) -> None:
        print(f"{self._what}: {time.monotonic() - self._began:.0f} s", file=sys.stderr, flush=True)


def _file(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.removeprefix("localhost/"))


def _release() -> str:
    """The code name of this host's Debian."""
    found = re.search(r"^VERSION_CODENAME=(\S+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    assert found, "this is no Debian"
    return found[1]


def _mirror() -> str:
    """Where this host's apt gets its packages."""
    said = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    return next(line for line in said.splitlines() if "security" not in line)


def _run(*command: str, **environment: str) -> str:
    env = os.environ | {"PATH": PATH} | environment
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, f"{' '.join(command)}:\n{(done.stderr or done.stdout)[-4000:]}"
    return done.stdout
