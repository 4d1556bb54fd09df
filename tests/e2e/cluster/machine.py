"""
A machine of the cluster's own: process, mount, network and host name namespaces on this host.

Its first process does nothing but be there. When it ends, the kernel kills every process in its
namespace, containers too, and with the last of them go mounts, network and packet filter rules.
`leashed` ends it with the process that made it. So there is nothing to clean but empty cgroups.

In it /run is empty, and what is written into /var lands in a folder of ours; so kubelet and containerd
may use the places that are compiled into them. What kubelet would tune in the kernel for the whole
host, it tunes in files.

Sources: namespaces(7), pid_namespaces(7), prctl(2); kubelet's `setupKernelTunables`.
"""

import os
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Self

from autoscaler.leash import leashed
from tests.e2e.cluster.places import HOST_ADDRESS, NODE, NODE_ADDRESS, SERVICES
from tests.e2e.packages import PATH
from tests.waiting import until

BRIDGE = "k8s0"
BRIDGE_MAC = "02:00:00:d5:00:01"
"""Of its own: else it is the lowest of what is plugged in, and neighbours lose it when that pod goes."""
LINK = "detectscale-e2e"
"""This host's end of its cable; the longest name that a link may have."""
CGROUP = "detectscale-e2e"
ROOT = Path("/sys/fs/cgroup")
TUNED = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


class Machine:
    """
    Exists for the length of a `with` block.

    Args:
        folder: For what is written into /var, and for other files of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        _clear()
        unshare = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--mount", "--net", "--uts"]
        # Ignoring SIGCHLD leaves no zombie of the orphans that a first process inherits.
        idle = ["env", "--ignore-signal=CHLD", "sleep", "infinity"]
        self._holder = subprocess.Popen(
            leashed([*unshare, *idle]),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | {"PATH": PATH},
        )
        try:
            self._first = until(lambda: child_of(self._holder.pid, "sleep"), 10, 0.01)
            self._furnish()
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._holder.kill()
        self._holder.wait()
        _clear()

    def command(self, command: Sequence[str], folder: Path | None = None) -> list[str]:
        """*command*, to be run on the machine in *folder* by a process of this host."""
        where = [f"--target={self._first}", "--pid", "--mount", "--net", "--uts", f"--wdns={folder or '/'}"]
        return ["nsenter", *where, "--", *command]

    def run(self, *command: str, folder: Path | None = None) -> str:
        """What *command* prints; fails with what it complains about."""
        done = subprocess.run(
            self.command(command, folder),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PATH": PATH},
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
        return done.stdout

    def _furnish(self) -> None:
        var, work, tuned = (self._folder / name for name in ("var", "var.work", "tuned"))
        for folder in (var, work, tuned):
            folder.mkdir(parents=True)
        self.run("mount", "--make-rshared", "/")  # among its own processes
        self.run("mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run")
        layers = f"lowerdir=/var,upperdir={var},workdir={work}"
        self.run("mount", "-t", "overlay", "-o", layers, "var", "/var")
        for name, value in TUNED.items():
            file = tuned / name.replace("/", ".")
            file.write_text(f"{value}\n")
            self.run("mount", "--bind", str(file), f"/proc/sys/{name}")
        resolver = self._folder / "resolv.conf"
        domains = "svc.cluster.local cluster.local"
        resolver.write_text(f"nameserver {NODE_ADDRESS}\nsearch {domains}\noptions ndots:5\n")
        place = os.path.realpath("/etc/resolv.conf")  # systemd has a link to /run there
        self.run("sh", "-ec", f"mkdir -p {os.path.dirname(place)}; [ -e {place} ] || : > {place}")
        self.run("mount", "--bind", str(resolver), place)
        self.run("hostname", NODE)

    def _connect(self) -> None:
        """A bridge for node and pods, and this host plugged into it; Services are reached through it."""
        self.run(
            "sh",
            "-ec",
            f"""
            ip link set lo up
            ip link add {BRIDGE} address {BRIDGE_MAC} type bridge
            ip addr add {NODE_ADDRESS}/24 dev {BRIDGE}
            ip link set {BRIDGE} up
            sysctl -qw net.ipv4.ip_forward=1
            [ ! -d /proc/sys/net/bridge ] || sysctl -qw net.bridge.bridge-nf-call-iptables=1
            """,
        )
        _ip("link", "add", LINK, "type", "veth", "peer", "name", "host", "netns", str(self._first))
        self.run("ip", "link", "set", "host", "master", BRIDGE, "up")
        _ip("addr", "add", f"{HOST_ADDRESS}/24", "dev", LINK)
        _ip("link", "set", LINK, "up")
        _ip("route", "add", SERVICES, "via", NODE_ADDRESS)


def _clear() -> None:
    """Remove what the machine that was here leaves: the kernel takes its time for a cable's other end."""
    if Path("/sys/class/net", LINK).exists():
        subprocess.run(["ip", "link", "delete", LINK], env=os.environ | {"PATH": PATH}, check=False)  # noqa: S607  # or it is gone by now
    until(lambda: not Path("/sys/class/net", LINK).exists(), 30, 0.02)
    remove_cgroups()


def child_of(process: int, named: str | None = None) -> int | None:
    """The first child of *process*, once it runs the program *named*; None as long as there is none."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        if not children or (named and Path(f"/proc/{children[0]}/comm").read_text().strip() != named):
            return None
        return int(children[0])
    except OSError:
        return None


def make_cgroups() -> None:
    """The kubelet wants the cgroup below which it works to exist, everywhere, with all controllers."""
    for hierarchy in _hierarchies():
        (hierarchy / CGROUP).mkdir(exist_ok=True)
    if (ROOT / "cgroup.controllers").exists():
        for folder in (ROOT, ROOT / CGROUP):
            wanted = " ".join(f"+{name}" for name in (folder / "cgroup.controllers").read_text().split())
            (folder / "cgroup.subtree_control").write_text(wanted)


def remove_cgroups() -> None:
    """Those of pods: once the machine is gone none has a process, and empty ones can be removed."""
    for hierarchy in _hierarchies():
        for folder, _, _ in os.walk(hierarchy / CGROUP, topdown=False):
            until(partial(_removed, Path(folder)), 10, 0.05)


def _hierarchies() -> list[Path]:
    """One with version 2 of cgroups, one for each controller with version 1."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [file.parent for file in ROOT.glob("*/cgroup.procs")]


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _ip(*arguments: str) -> None:
    command = ["ip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": PATH})
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
