"""
Become a command that the kernel kills when its parent is gone, even by SIGKILL.

    python leash.py PARENT_PID COMMAND [ARGUMENT ...]

A program of its own because a `preexec_fn` may deadlock in a parent with threads; it
costs 10 ms. "Parent" means the thread that forked (prctl(2), PR_SET_PDEATHSIG), so
that thread must live as long as the child.
"""

import ctypes
import os
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
SIGKILL = 9


def leashed(command: Sequence[str]) -> list[str]:
    """*command*, to be started by this process as one that does not outlive it."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def become(parent: int, command: list[str]) -> None:
    """Replace this process by *command*."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # no shell is the point


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
