"""Who may ask by gRPC: mutual TLS on the loopback, with certificates made here."""

import ssl
import time

import grpc
import pytest

from frames.errors import ConfigError
from tests.integration.adapter.authority import Authority
from tests.unit.autoscaler.adapter.made import WAITING, entry
from tests.waiting import until

KEDA = "spiffe://cluster.local/ns/keda/sa/keda-operator"
REFUSED = (grpc.StatusCode.UNAVAILABLE,)
"""A handshake that fails looks like nobody there."""


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ours")


@pytest.fixture
def stranger(tmp_path):
    return Authority(tmp_path / "theirs")


@pytest.fixture
def mutual(targets, authority, open_doors):
    """`mutual(**settings)`: the port of an adapter that wants certificates of *authority*."""
    for target in targets.values():
        target.publish(entry(WAITING, 3), time.monotonic())

    def opens(**given):
        files = authority.server_files() | {"tls_client_ca_file": str(authority.file)}
        return open_doors(**files, **given)[1].grpc_port

    return opens


def test_a_caller_with_our_certificate_is_answered(mutual, authority, keda):
    asked = keda(mutual(), credentials=authority.client("keda-operator"))

    assert asked.metrics(target="frames") == [("desired-replicas", 3, 3.0)]


def test_nobody_else_gets_through_the_handshake(mutual, authority, stranger, keda):
    port = mutual()
    impostor = stranger.client("keda-operator", trusts=authority)

    assert keda(port, credentials=authority.client()).status(target="frames") in REFUSED
    assert keda(port, credentials=impostor).status(target="frames") in REFUSED
    assert keda(port).status(target="frames") in REFUSED


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ((KEDA,), "OK"),
        (("other.svc", "keda-operator.keda.svc"), "OK"),
        (("other.svc",), "PERMISSION_DENIED"),
        (("spiffe://cluster.local/ns/evil/sa/keda-operator",), "PERMISSION_DENIED"),
    ],
)
def test_with_a_list_only_the_names_on_it_are_answered(mutual, authority, keda, names, status):
    port = mutual(allowed_clients=(KEDA, "keda-operator.keda.svc"))
    asked = keda(port, credentials=authority.client(*names))

    assert asked.status("spec", target="frames").name == status
    stream = asked.stream("StreamIsActive", target="frames")
    until(lambda: stream.told if status == "OK" else stream.ended, 20, 0.01)
    assert (stream.ended is None) == (status == "OK")


def test_a_certificate_that_is_renewed_is_shown_to_whoever_connects_next(mutual, authority, open_doors):
    files = authority.server_files()
    _, settings = open_doors(**files)
    ports = (settings.grpc_port, settings.http_port)
    first = [shown(port) for port in ports]

    authority.server_files()

    until(lambda: all(shown(port) != before for port, before in zip(ports, first, strict=True)), 10)
    assert shown(ports[0]) == shown(ports[1])


def test_a_certificate_that_cannot_be_used_leaves_the_one_in_use(authority, open_doors, caplog):
    files = authority.server_files()
    _, settings = open_doors(**files)
    first = shown(settings.grpc_port)

    with open(files["tls_key_file"], "w") as key:
        key.write("half of a k")

    until(lambda: "what was read before holds" in caplog.text, 10)
    assert shown(settings.grpc_port) == shown(settings.http_port) == first


def test_files_that_do_not_belong_together_are_a_wrong_setting(authority, stranger, open_doors):
    mixed = authority.server_files() | {"tls_key_file": stranger.server_files()["tls_key_file"]}

    with pytest.raises(ConfigError, match=r"tls\.key.*: .*MISMATCH"):
        open_doors(**mixed)


def shown(port: int) -> str:
    """The certificate that a server shows to whoever connects now."""
    return ssl.get_server_certificate(("localhost", port), timeout=20)
