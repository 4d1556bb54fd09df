"""
Ports of this machine.

A port that is free now may be taken before the server binds it; no order of calls can prevent that,
as a server wants the port itself. So a start that loses the race is repeated with other ports.
"""

import socket
from collections.abc import Callable
from typing import TypeVar

from detectscale.embedded import EmbeddedError
from detectscale.embedded.child import AddressInUse

HOST = "127.0.0.1"
ATTEMPTS = 5

T = TypeVar("T")


def on_free_port(start: Callable[[int], T], wanted: int | None) -> T:
    """
    Call *start* with the port *wanted*, or with free ones until one is still free when it binds.

    Raises:
        EmbeddedError: The port wanted is taken, or every attempt lost the race.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return start(free_port(wanted))
        except AddressInUse:
            continue
    return start(free_port(wanted))


def free_port(wanted: int | None = None) -> int:
    """Return *wanted* if nobody listens on it, or else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that just left is no obstacle
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise EmbeddedError(
                f"port {wanted}: {error.strerror}: choose another, or none for a free one"
            ) from error
        port: int = probe.getsockname()[1]
        return port
