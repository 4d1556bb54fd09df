"""
API keys: who holds one is a tenant. The file holds their hashes, a line each, and is read again when it
changes:

    # tenant  SHA-256 of the key, hexadecimal      (and `operator`, if it is one)
    shop-12   5e884898da28047151d0e56f8dc629277…
    head-off  9f86d081884c7d659a2feaa0c55ad015a…  operator

A tenant may have two, so that a new one can be rolled out before the old one is taken away.

A fast hash is right here, unlike for passwords: a key is 256 random bits, of which no dictionary is made,
and it is checked at every request. What the file gives away is as hard to invert as SHA-256 itself.
"""

import hmac
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from frames.errors import ConfigError
from frames.gateway.tenant import NAME, Tenant
from frames.watched_files import WatchedFiles

MOST_KEYS = 2
"""Of one tenant: a rotation that never ends is no rotation."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Key:
    """What the file says of one key."""

    tenant: Tenant
    digest: bytes


class ApiKeys:
    """
    Knows whose key is whose.

    Raises:
        ConfigError: The file cannot be read, or holds something else.
    """

    def __init__(self, file: str) -> None:
        self._keys = WatchedFiles([file], lambda: read_keys(Path(file)), setting="gateway.keys_file")

    @property
    def tenants(self) -> list[str]:
        """The names of those who have a key."""
        return sorted({key.tenant.name for key in self._keys.current().values()})

    def holder(self, given: str) -> Tenant | None:
        """Whose key *given* is; None: nobody's."""
        digest = sha256(given.encode()).digest()
        # By a dictionary: the digest's first bytes tell nobody how to come closer to a key.
        key = self._keys.current().get(digest[:8])
        return key.tenant if key is not None and hmac.compare_digest(key.digest, digest) else None


def read_keys(file: Path) -> Mapping[bytes, Key]:
    """
    The keys in *file*, by the first 8 bytes of their digests.

    Raises:
        ConfigError: A line is not `TENANT HASH [operator]`, or a tenant has more than two keys.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"gateway.keys_file: {file}: cannot be read: {error}") from error
    keys = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        name, digest, *role = words if len(words) > 1 else (*words, "")
        if not NAME.fullmatch(name) or not _HASH.fullmatch(digest) or role not in ([], ["operator"]):
            raise ConfigError(f"gateway.keys_file: {file}: line {number}: expected TENANT SHA256 [operator]")
        key = Key(Tenant(name, operator=bool(role)), bytes.fromhex(digest))
        keys[key.digest[:8]] = key
    for name, count in Counter(key.tenant.name for key in keys.values()).items():
        if count > MOST_KEYS:
            raise ConfigError(
                f"gateway.keys_file: {file}: {name} has {count} keys; {MOST_KEYS} are allowed, so that one "
                "can replace the other: delete what is no longer in use"
            )
    return keys


def new_key(tenant: str) -> tuple[str, str]:
    """
    A key for *tenant* that was never there, and its line for the file.

    Raises:
        ConfigError: No tenant can be called so.
    """
    if not NAME.fullmatch(tenant):
        raise ConfigError(
            f"--new-key: a tenant's name is 1 to 40 of a-z, 0-9 and - (not at an end), got {tenant!r}"
        )
    key = f"ds_{secrets.token_urlsafe(32)}"
    return key, f"{tenant} {sha256(key.encode()).hexdigest()}"
