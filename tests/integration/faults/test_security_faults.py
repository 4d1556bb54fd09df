"""Passwords, permissions and certificates that change under a running worker: numbers 38 and 39."""

import datetime
from contextlib import closing

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from detectscale.embedded.ports import HOST, free_port
from frames.clients import KafkaSettings, admin
from tests.integration.faults.brokers import Listener, cluster, reached
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.rig import lasting
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)

USER = "worker"
ONE_WORKER = 6.0
"""Frames a second: one worker has to catch up with an outage."""


class Guarded:
    """A broker with one way in by password and one by TLS, each through a proxy, and one that is free."""

    def __init__(self, folder, broker, password_way, tls_way, authority) -> None:
        self.broker = broker
        self.kafka = reached([broker])
        self.password_way = password_way
        self.tls_way = tls_way
        self.keystore = folder / "server.pem"
        self.authority_file = folder / "authority.pem"
        self._authority = authority

    def set_password(self, password: str) -> None:
        with closing(admin(self.kafka)) as client:
            change = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_256, password)
            client.alter_user_scram_credentials([change])

    def by_password(self, password: str) -> KafkaSettings:
        return KafkaSettings(
            bootstrap_servers=f"{HOST}:{self.password_way.port}",
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-256",
            sasl_plain_username=USER,
            sasl_plain_password=password,
        )

    @property
    def by_tls(self) -> KafkaSettings:
        return KafkaSettings(
            bootstrap_servers=f"{HOST}:{self.tls_way.port}",
            security_protocol="SSL",
            ssl_cafile=str(self.authority_file),
        )

    def set_certificate(self, lifetime_s: float) -> None:
        """Give the broker a certificate that is valid for so long, without a restart (KIP-226)."""
        write_keystore(self.keystore, self._authority, lifetime_s)
        with closing(admin(self.kafka)) as client:
            key = "listener.name.tls.ssl.keystore.location"
            change = {key: str(self.keystore)}
            resource = ConfigResource(ConfigResourceType.BROKER, str(self.broker.node), change)
            client.alter_configs([resource], raise_on_unknown=False)  # it knows no keys of listeners


def write_keystore(file, authority, lifetime_s: float) -> None:
    """Kafka reads a private key as PKCS 8, and its certificate, from one PEM file (KIP-651)."""
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=lifetime_s)
    issued = authority.issue_cert(HOST, not_after=expires)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem + b"".join(part.bytes() for part in issued.cert_chain_pems))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    write_keystore(folder / "server.pem", authority, 3600)
    password_port, tls_port = free_port(), free_port()
    with Proxy(password_port) as password_way, Proxy(tls_port) as tls_way:
        listeners = [
            Listener("PASSWORD", password_port, password_way.port, "SASL_PLAINTEXT"),
            Listener("TLS", tls_port, tls_way.port, "SSL"),
        ]
        settings = {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",  # whoever comes by the free way or by TLS
            "allow.everyone.if.no.acl.found": "true",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256",
            "listener.name.password.scram-sha-256.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.tls.ssl.keystore.type": "PEM",
            "listener.name.tls.ssl.keystore.location": str(folder / "server.pem"),
        }
        with cluster(folder, listeners=listeners, settings=settings) as [broker]:
            yield Guarded(folder, broker, password_way, tls_way, authority)


def test_a_worker_whose_password_is_not_taken_any_more_says_so_and_storms_nobody(rig, guarded):
    guarded.set_password("first")
    stage = rig("38 password changed", kafka=guarded.kafka, rate=ONE_WORKER)
    [locked_out] = stage.steady(workers=1, via=guarded.by_password("first"))

    stage.broken()
    guarded.set_password("second")
    before = guarded.password_way.counts.accepted
    guarded.password_way.cut()
    lasting(6)
    tries = guarded.password_way.counts.accepted - before
    stage.start_worker(via=guarded.by_password("second"))
    stage.healed()

    stage.verdict(
        fired=tries and f"{tries} logins refused in 6 s", in_flight=stage.in_flight(), progress=False
    )
    assert tries <= 60, "a storm of logins locks accounts out"
    assert until(lambda: "uthentication" in locked_out.said, 30)


def denial(topic):
    pattern = ResourcePattern(ResourceType.TOPIC, topic, ACLResourcePatternType.LITERAL)
    return ACL(f"User:{USER}", "*", ACLOperation.READ, ACLPermissionType.DENY, pattern)


def pardon(topic):
    pattern = ResourcePatternFilter(ResourceType.TOPIC, topic, ACLResourcePatternType.LITERAL)
    return ACLFilter(f"User:{USER}", "*", ACLOperation.READ, ACLPermissionType.DENY, pattern)


def test_a_worker_that_may_not_read_any_more_ends_and_says_so(rig, guarded):
    guarded.set_password("first")
    stage = rig("38 right to read revoked", kafka=guarded.kafka, rate=ONE_WORKER)
    [refused] = stage.steady(workers=1, via=guarded.by_password("first"))

    stage.broken()
    with closing(admin(guarded.kafka)) as client:
        client.create_acls([denial(stage.topics.frames)])
        status = refused.ended()
        client.delete_acls([pardon(stage.topics.frames)])
    stage.start_worker(via=guarded.by_password("first"))
    stage.healed()

    stage.verdict(fired=f"exit {status}", in_flight=stage.in_flight(), progress=False)
    assert status == 1
    assert "uthoriz" in refused.said
    assert "Traceback" not in refused.said


def test_an_expired_certificate_is_replaced_without_a_restart_of_the_worker(rig, guarded):
    guarded.set_certificate(lifetime_s=30)
    stage = rig("39 certificate expired, then rotated", kafka=guarded.kafka, rate=ONE_WORKER)
    [worker] = stage.steady(workers=1, via=guarded.by_tls)

    guarded.set_certificate(lifetime_s=-1)
    stage.broken()
    before = guarded.tls_way.counts.accepted
    guarded.tls_way.cut()
    lasting(5)
    tries = guarded.tls_way.counts.accepted - before
    guarded.set_certificate(lifetime_s=3600)
    stage.healed()

    stage.verdict(fired=tries and f"{tries} handshakes failed", in_flight=stage.in_flight(), progress=False)
    assert worker.alive
