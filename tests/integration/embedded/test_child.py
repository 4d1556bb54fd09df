import socket
import sys

import pytest

from detectscale.embedded import EmbeddedError, child
from detectscale.embedded.child import AddressInUse, running
from detectscale.embedded.ports import free_port, on_free_port

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


def test_a_child_that_ends_is_reported_with_its_last_line(tmp_path):
    log = tmp_path / "server.log"
    command = [sys.executable, "-c", "import sys; print('no disk'); sys.exit(3)"]

    with (
        pytest.raises(EmbeddedError, match=rf"server: ended with status 3: no disk \(see {log}\)"),
        running(command, tmp_path, log, answers=lambda: False),
    ):
        pass


def test_a_child_that_never_answers_is_stopped_and_reported(tmp_path, monkeypatch, servers_in):
    monkeypatch.setattr(child, "START_S", 0.1)
    log = tmp_path / "server.log"
    command = [sys.executable, "-c", "import time; time.sleep(600)"]

    with (
        pytest.raises(EmbeddedError, match=r"server: no answer in .*: nothing was logged"),
        running(command, tmp_path, log, answers=lambda: False),
    ):
        pass
    assert servers_in(tmp_path) == []


def test_a_child_that_ignores_sigterm_is_killed(tmp_path, monkeypatch, servers_in):
    monkeypatch.setattr(child, "STOP_S", 0.1)
    log = tmp_path / "server.log"

    with running([sys.executable, "-c", STUBBORN], tmp_path, log, answers=lambda: "up" in log.read_text()):
        assert servers_in(tmp_path)

    assert servers_in(tmp_path) == []


def test_a_child_gets_the_environment_given(tmp_path):
    log = tmp_path / "server.log"
    command = [
        sys.executable,
        "-c",
        "import os, time; print(os.environ['NAME'], flush=True); time.sleep(600)",
    ]

    with running(command, tmp_path, log, {"NAME": "door"}, answers=lambda: "\n" in log.read_text()):
        assert log.read_text() == "door\n"


def test_a_free_port_can_be_bound():
    with socket.create_server(("127.0.0.1", free_port())):
        pass


def test_a_start_that_loses_its_port_is_repeated_with_another():
    ports: list[int] = []

    def start(port: int) -> int:
        ports.append(port)
        if len(ports) < 3:
            raise AddressInUse("taken")
        return port

    assert on_free_port(start, None) == ports[-1]
    assert len(ports) == 3


def test_a_start_that_always_loses_gives_up():
    def start(port: int) -> int:
        raise AddressInUse("taken")

    with pytest.raises(AddressInUse):
        on_free_port(start, None)
