"""The command line as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `detectscale ARGS` to its end, with a state directory of its own."""

    def run(
        *arguments: str | Path, environment: dict[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "detectscale", *map(str, arguments)]
        state = {"XDG_STATE_HOME": str(tmp_path / "state"), "DETECTSCALE_KAFKA__CONNECT_TIMEOUT_S": "1"}
        return subprocess.run(
            command,
            env=os.environ | state | (environment or {}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
