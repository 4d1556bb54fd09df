"""Certificates of a test's own authority, as files and as gRPC wants them."""

from pathlib import Path

import grpc
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


class Authority:
    """Vouches for names."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._ca = trustme.CA()
        self._folder = folder
        self.file = folder / "ca.crt"
        self._ca.cert_pem.write_to_path(self.file)

    def server_files(self) -> dict[str, str]:
        """Settings of an adapter with a certificate of this authority; called again: another certificate."""
        chain, key = self._folder / "tls.crt", self._folder / "tls.key"
        certificate = self._ca.issue_cert("localhost", "127.0.0.1")
        chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(key)
        return {"tls_cert_file": str(chain), "tls_key_file": str(key)}

    def client(self, *names: str, trusts: "Authority | None" = None) -> grpc.ChannelCredentials:
        """Of a caller whose certificate holds these names, DNS names or URIs; none: it has no certificate."""
        root = (trusts or self).file.read_bytes()
        if not names:
            return grpc.ssl_channel_credentials(root)
        chain, key = self._issue(names)
        return grpc.ssl_channel_credentials(root, key, chain)

    def _issue(self, names: tuple[str, ...]) -> tuple[bytes, bytes]:
        """trustme puts no URIs into certificates, so it makes one and the names in it are replaced."""
        template = self._ca.issue_cert("template.test")
        cert = x509.load_pem_x509_certificate(template.cert_chain_pems[0].bytes())
        spoken = [
            x509.UniformResourceIdentifier(name) if "://" in name else x509.DNSName(name) for name in names
        ]
        key = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        new = (
            x509.CertificateBuilder()
            .subject_name(cert.subject)
            .issuer_name(issuer.subject)
            .public_key(cert.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(cert.not_valid_before_utc)
            .not_valid_after(cert.not_valid_after_utc)
            .add_extension(x509.SubjectAlternativeName(spoken), critical=False)
            .sign(key, hashes.SHA256())
        )
        return new.public_bytes(serialization.Encoding.PEM), template.private_key_pem.bytes()
