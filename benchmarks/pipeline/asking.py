"""
Programs that answer with one line.
"""

import subprocess
from collections.abc import Mapping, Sequence

from frames.errors import UnavailableError


def answer_of(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """
    Run *command* and return the last line that it prints.

    Raises:
        UnavailableError: It failed. OSError: There is no such program.
    """
    done = subprocess.run(command, env=environment, capture_output=True, text=True)  # noqa: S603  # ours
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UnavailableError(f"{command[0]} ended with status {done.returncode}: {words[-1]}")
    return (done.stdout.strip().splitlines() or [""])[-1]
