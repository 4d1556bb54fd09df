"""
The certificate that both ports show, and the authority of those who may call.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

from autoscaler.adapter.settings import AdapterSettings
from frames.errors import ConfigError
from frames.watched_files import WatchedFiles


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM, as the files hold it."""

    chain: bytes
    key: bytes
    client_ca: bytes | None
    """None: callers need no certificate."""


def certificates(settings: AdapterSettings) -> WatchedFiles[Certificates] | None:
    """
    The files that *settings* name, watched; None: they name none.

    Raises:
        ConfigError: They are not there, or do not belong together.
    """
    chain, key, client_ca = settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file
    if chain is None or key is None:
        return None
    named = (chain, key, *([client_ca] if client_ca else []))
    return WatchedFiles(named, lambda: _read(chain, key, client_ca))


def _read(chain: str, key: str, client_ca: str | None) -> Certificates:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(chain, key)
        if client_ca:
            context.load_verify_locations(client_ca)
    except ssl.SSLError as error:
        raise ConfigError(
            f"{chain}, {key}, {client_ca or 'no authority'}: {error.reason or error}"
        ) from error
    return Certificates(
        Path(chain).read_bytes(), Path(key).read_bytes(), Path(client_ca).read_bytes() if client_ca else None
    )
