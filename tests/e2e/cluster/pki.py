"""
Certificates of the cluster, and a kubeconfig for each of its parts.

A client certificate named as a service account gets that account's rights, and no token of it expires.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.e2e.cluster.places import API_SERVER, KUBERNETES_SERVICE, NODE, NODE_ADDRESS

LIFE = timedelta(days=30)
HOSTS = ("localhost", "127.0.0.1", NODE_ADDRESS)
KUBERNETES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")


class Authority:
    """Signs certificates; its own is `file`."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = _usage(key_cert_sign=True, crl_sign=True, digital_signature=True)
        certificate = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.crt"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.key_file = _write_key(folder / f"{name}.key", self._key)

    def issue(
        self,
        name: str,
        common_name: str,
        groups: Sequence[str] = (),
        names: Iterable[str] = (),
        folder: Path | None = None,
    ) -> tuple[Path, Path]:
        """
        Make a certificate, for server and client, and its key: `NAME.crt` and `NAME.key`.

        Args:
            names: Host names, addresses and URIs that it is for.
        """
        folder = folder or self.folder
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = (
            _builder(subject, self._name, key.public_key())
            .add_extension(_usage(digital_signature=True, key_encipherment=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        )
        if known := [_general(one) for one in names]:
            builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        file = folder / f"{name}.crt"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file, _write_key(folder / f"{name}.key", key)


class Pki:
    """Everything that the cluster's parts show each other, in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = Authority(folder, "ca")
        self.front_proxy = Authority(folder, "front-proxy-ca")
        self.front_proxy.issue("front-proxy-client", "front-proxy-client")
        services = [*KUBERNETES, f"{KUBERNETES[-1]}.cluster.local", KUBERNETES_SERVICE]
        self.ca.issue("apiserver", "kube-apiserver", names=[*HOSTS, *services])
        self.ca.issue("kubelet-client", "kube-apiserver-kubelet-client")
        self.ca.issue("kubelet-server", f"system:node:{NODE}", ["system:nodes"], [NODE, *HOSTS])
        tokens = rsa.generate_private_key(65537, 2048)
        _write_key(folder / "service-accounts.key", tokens)
        (folder / "service-accounts.pub").write_bytes(
            tokens.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def __call__(self, file: str) -> str:
        """The path of a file."""
        return str(self.folder / file)

    def kubeconfig(self, user: str, *groups: str) -> str:
        """The path of a kubeconfig with which one is *user*."""
        file = self.folder / f"{user.replace(':', '.')}.conf"
        if not file.exists():
            certificate, key = self.ca.issue(file.stem, user, groups)
            who = {"client-certificate": str(certificate), "client-key": str(key)}
            where = {"server": API_SERVER, "certificate-authority": str(self.ca.file)}
            config = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "e2e", "cluster": where}],
                "users": [{"name": "user", "user": who}],
                "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "user"}}],
                "current-context": "e2e",
            }
            file.write_text(json.dumps(config, indent=2))
        return str(file)

    def service_account(self, namespace: str, name: str) -> str:
        """The path of a kubeconfig with which one is a service account."""
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return self.kubeconfig(f"system:serviceaccount:{namespace}:{name}", *groups)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
    )


def _usage(**granted: bool) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**dict.fromkeys(every, False) | granted)


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Path:
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return file
