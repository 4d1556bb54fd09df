"""
Who may ask by gRPC: names in the certificates of mutual TLS.
"""

from collections.abc import Iterable, Mapping, Sequence

from frames.errors import DetectscaleError

NAMES = ("x509_subject_alternative_name", "x509_dns", "x509_uri", "peer_spiffe_id")
"""Properties of a gRPC peer that hold names which its authority has vouched for."""


class NotAdmittedError(DetectscaleError):
    """The caller's certificate is good, but names nobody who may ask."""


class Callers:
    """The list of those who may ask."""

    def __init__(self, allowed: Iterable[str]) -> None:
        """
        Args:
            allowed: DNS names and URIs; none: everybody whom TLS has let in.
        """
        self._allowed = frozenset(allowed)

    def admit(self, peer: Mapping[str, Sequence[bytes]]) -> None:
        """
        Let *peer*, gRPC's properties of a connection, pass.

        Raises:
            NotAdmittedError: It has none of the names.
        """
        if not self._allowed:
            return
        names = {value.decode(errors="replace") for key in NAMES for value in peer.get(key, ())}
        if not names & self._allowed:
            raise NotAdmittedError("not for you")
