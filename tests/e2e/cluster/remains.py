"""What a cluster would leave on this host, if it left anything."""

from pathlib import Path

from tests.e2e.cluster.machine import CGROUP, LINK, ROOT
from tests.e2e.cluster.places import Places


def remains(places: Places) -> list[str]:
    """Processes, mounts, links and cgroups of a cluster that has ended; none is right."""
    folder, state = str(places.cache), str(places.state)
    commands = {file.parent.name: _command(file) for file in Path("/proc").glob("[0-9]*/cmdline")}
    mounts = Path("/proc/mounts").read_text().splitlines()
    return [
        *(f"process {process}: {said}" for process, said in commands.items() if state in said),
        *(f"mount {line}" for line in mounts if folder in line or CGROUP in line),
        *(f"link {LINK}" for _ in Path("/sys/class/net").glob(LINK)),
        *(f"cgroup {found}" for found in (*ROOT.glob(CGROUP), *ROOT.glob(f"*/{CGROUP}"))),
    ]


def _command(file: Path) -> str:
    try:
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""  # it ended meanwhile
