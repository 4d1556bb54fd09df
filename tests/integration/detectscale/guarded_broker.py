"""A broker on which nobody may do anything but by the ACLs that the manifests give out."""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from detectscale.embedded.ports import HOST, free_port
from frames.clients import KafkaSettings, admin
from tests.integration.faults.brokers import Broker, Listener, cluster, reached

USERS = Path(__file__).parents[3] / "manifests" / "components" / "kafka-strimzi" / "users.yaml"
PASSWORD = "open sesame"  # noqa: S105  # of a broker that lives for a test
KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
"""By Strimzi's words for them."""
_WORDS = {kind.name: word for word, kind in KINDS.items()}
_ALLOWED = re.compile(
    r"is Allowed .* based on rule MatchingAcl\(acl=StandardAcl\[resourceType=(\w+), resourceName=([^,]+), "
    r"patternType=LITERAL, principal=User:([^,]+), host=\*, operation=(\w+), permissionType=ALLOW"
)


@dataclass(frozen=True, order=True)
class Right:
    """One operation of one ACL."""

    user: str
    kind: str
    name: str
    operation: str


def rights() -> set[Right]:
    """What the manifests grant."""
    return {
        Right(user["metadata"]["name"], acl["resource"]["type"], acl["resource"]["name"], operation)
        for user in yaml.safe_load_all(USERS.read_text())
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }


class GuardedBroker:
    """One way in for users with passwords, and one for the test, which may do anything."""

    def __init__(self, broker: Broker, port: int, log: Path) -> None:
        self.freely = reached([broker])
        self._port = port
        self._log = log

    def grant(self, granted: Iterable[Right]) -> None:
        with closing(admin(self.freely)) as client:
            client.create_acls([_acl(right) for right in granted])

    def as_user(self, name: str) -> KafkaSettings:
        fields: dict[str, Any] = {
            "bootstrap_servers": f"{HOST}:{self._port}",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": name,
            "sasl_plain_password": PASSWORD,
        }
        return KafkaSettings(**fields)

    def used(self) -> set[Right]:
        """The rights by which the broker has allowed anything so far."""
        said = self._log.read_text(errors="replace")
        return {
            Right(user, _WORDS[kind], name, operation.capitalize())
            for kind, name, user, operation in _ALLOWED.findall(said)
        }


@contextmanager
def guarded_broker(folder: Path, users: Iterable[str]) -> Iterator[GuardedBroker]:
    """Run one for the length of the block; it writes down by which ACL it allowed what."""
    port = free_port()
    logins = " ".join(f'user_{name}="{PASSWORD}"' for name in users)
    settings = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # whoever comes by the free way
        "allow.everyone.if.no.acl.found": "false",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.password.plain.sasl.jaas.config": (
            f"org.apache.kafka.common.security.plain.PlainLoginModule required {logins};"
        ),
    }
    listener = Listener("PASSWORD", port, port, "SASL_PLAINTEXT")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JAVA_TOOL_OPTIONS", "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=trace")
        with cluster(folder, listeners=[listener], settings=settings) as [broker]:
            yield GuardedBroker(broker, port, folder / "node-1" / "kafka.log")


def _acl(right: Right) -> ACL:
    pattern = ResourcePattern(KINDS[right.kind], right.name, ACLResourcePatternType.LITERAL)
    operation = ACLOperation[right.operation.upper()]
    return ACL(f"User:{right.user}", "*", operation, ACLPermissionType.ALLOW, pattern)
