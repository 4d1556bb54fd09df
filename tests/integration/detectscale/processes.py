"""Which processes belong to a run: all that name its state directory, or run in it."""

import os
from pathlib import Path


def processes_of(state: Path) -> dict[int, str]:
    """Command lines by process id, of every process but this one that has to do with *state*."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            home = os.readlink(folder / "cwd")
        except OSError:
            continue  # it ended meanwhile
        if str(state) in command or home.startswith(str(state)):
            found[int(folder.name)] = command
    return found


def workers_of(state: Path) -> list[int]:
    """The process ids of its workers."""
    return [pid for pid, command in processes_of(state).items() if " detectscale worker " in command]
