"""Processes of this machine, seen from outside."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest


def children(home: Path) -> list[int]:
    """Ids of the processes that run in the directory *home*."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == home:
                found.append(int(process.name))
        except OSError:  # it just ended
            continue
    return found


@pytest.fixture
def servers_in() -> Callable[[Path], list[int]]:
    return children


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    def wait(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "the condition never held"
            time.sleep(0.01)

    return wait
