"""
The gateway of `detectscale up`: a process of its own beside the others.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from detectscale.embedded.child import running
from detectscale.embedded.ports import HOST, free_port
from detectscale.places import Places
from detectscale.settings import CONFIG_VARIABLE, Settings, overrides


@contextmanager
def local_gateway(settings: Settings, places: Places, port: int) -> Iterator[str]:
    """
    Run `detectscale gateway` for the length of the block; yields its address.

    Args:
        settings: With the addresses of the servers.
        port: Where to listen on 127.0.0.1; 0 takes a free port.

    Raises:
        EmbeddedError: Somebody else listens there, or it does not start; its log says more.
    """
    port = free_port(port or None)
    command = [sys.executable, "-m", "detectscale", "gateway", "--port", str(port)]
    inherited = {name: value for name, value in os.environ.items() if name != CONFIG_VARIABLE}
    log = places.logs / "gateway.log"
    with running(
        [*command, "--state-dir", str(places.state)],
        Path.cwd(),
        log,
        inherited | overrides(settings),
        answers=lambda: _ready(port),
    ):
        yield f"http://{HOST}:{port}"


def _ready(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
