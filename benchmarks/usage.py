"""
What a process has used, as Linux tells it.
"""

import os
from pathlib import Path

from frames.errors import UnavailableError


def cpu_s(process: int) -> float:
    """CPU seconds of all threads of *process* so far, its own and the kernel's for it (proc(5), stat)."""
    fields = _stat(process)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(process: int) -> float:
    """Memory of *process* that is in RAM."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mib(process: int) -> float:
    """Memory of *process* that was in RAM at its highest."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def child_running(program: bytes) -> int:
    """
    The id of this process's child that has *program* among its arguments.

    Raises:
        UnavailableError: There is none.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            if program in arguments and int(_stat(int(folder.name))[1]) == os.getpid():
                return int(folder.name)
        except OSError:  # it ended meanwhile
            continue
    raise UnavailableError(f"no child of this process runs {program.decode()}")


def _stat(process: int) -> list[str]:
    """The fields after the name, which may hold spaces: state first, then the parent."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
