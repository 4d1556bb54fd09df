"""
A server as a child process that lives exactly as long as a `with` block.

It is up when it answers its own protocol, not when its process exists. It leads a session of its own,
so that Ctrl-C reaches the parent alone and the parent decides in which order things stop. When the
parent dies without a word, the leash ends the child.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from autoscaler.leash import leashed
from detectscale.embedded import EmbeddedError

START_S = 60.0
"""How long a server may take to answer: thirty times what Kafka needs on two idle cores."""
STOP_S = 30.0
"""How long it may take to leave after SIGTERM. Kafka needs 0.3 s, or 5 s to save its start-up archive."""
POLL_S = 0.02


class AddressInUse(EmbeddedError):  # noqa: N818  # named like the errno
    """Somebody else listens on the port; another port may work."""


@contextmanager
def running(
    command: Sequence[str],
    home: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    *,
    answers: Callable[[], bool],
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run *command* in the directory *home* for the length of the block, as the process it yields.

    Args:
        command: An absolute path and its arguments.
        log: Where standard output and error go; starts empty.
        environment: Its environment variables; `None` hands on our own.
        answers: Asks the server once whether it is up; false as long as it is not.

    Raises:
        AddressInUse: The server left because its port is taken.
        EmbeddedError: The server left, or did not answer in time; its log says more.
        RuntimeError: Called outside the main thread, whose end alone is the end of the process.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start servers from the main thread: they end with the thread that started them")
    process = _start(command, home, log, environment)
    try:
        _await_answer(process, log, answers)
        yield process
    finally:
        _stop(process)


def _start(
    command: Sequence[str], home: Path, log: Path, environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603  # our own command
            leashed(command),
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _await_answer(process: subprocess.Popen[bytes], log: Path, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_S
    while not answers():
        if process.poll() is not None:
            error = AddressInUse if "Address already in use" in _text(log) else EmbeddedError
            raise error(f"{log.stem}: ended with status {process.returncode}: {last_line(log)} (see {log})")
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{log.stem}: no answer in {START_S:.0f} s: {last_line(log)} (see {log})")
        time.sleep(POLL_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to leave, and make it leave when it does not or when the user is impatient."""
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def last_line(log: Path) -> str:
    """Return the last line of *log* that is not part of a stack trace, or say that there is none."""
    lines = [line for line in _text(log).splitlines() if line.strip() and not line[0].isspace()]
    return lines[-1] if lines else "nothing was logged"


def _text(log: Path) -> str:
    return log.read_text(errors="replace")
