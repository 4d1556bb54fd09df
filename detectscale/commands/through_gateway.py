"""The options of commands that can go through a gateway, and the client they lead to."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from detectscale.client import Client

KEY_VARIABLE = "DETECTSCALE_KEY"
RETRY_S = 10.0
"""Somebody is looking at the terminal."""

Gateway = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        metavar="URL",
        help=f"Ask this gateway by HTTP, and not Kafka and Redis; its API key comes from {KEY_VARIABLE}.",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file", help=f"With --gateway: the file that holds the API key, before {KEY_VARIABLE}."
    ),
]
"""Never the key itself: everybody on this machine sees what a process was started with."""


def client_of(gateway: str, key_file: Path | None) -> "Client":
    """
    A client of *gateway*, with the key of the file, or of the environment, or none.

    Raises:
        ConfigError: The file cannot be read; the address or the key cannot be one.
    """
    from detectscale.client import Client
    from frames.errors import ConfigError

    logging.getLogger("httpx").setLevel(logging.WARNING)  # it has a line for each request
    key = os.environ.get(KEY_VARIABLE) or None
    if key_file is not None:
        try:
            key = key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"--key-file: {key_file}: cannot be read: {error}") from error
    return Client(gateway, key, retry_s=RETRY_S)
