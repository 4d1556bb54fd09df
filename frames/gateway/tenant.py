"""
Who asks, and which ids and cameras are theirs.

A tenant's cameras have its name in front, in Kafka's key and in `ce_source`; inside of its own name it
may choose freely. An id of a frame ends in a hash of itself and the tenant, so whose it is needs no look
into any store: with another tenant's key the hash is another, and the id as unknown as one never given.

    f + 12 digits of time + 20 random ones + 16 of hash    a frame
    k + 32 digits made of the Idempotency-Key + 16 of hash  the same frame for the same key

The hash is no secret. Who makes up an id in their own name learns nothing but that it waits; nobody
can make another tenant's id theirs.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

_ID = re.compile(r"(?:f[0-9a-f]{32}|k[0-9a-f]{32})[0-9a-f]{16}")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""Of a tenant: what a DNS label may be, up to 40 characters; above all, without a slash."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whoever a key belongs to."""

    name: str
    """Empty: the owner of this machine, while there are no keys. Nothing is in its name, and it sees all."""
    operator: bool = False
    """May do what concerns all tenants."""

    @classmethod
    def owner(cls) -> Self:
        return cls("", operator=True)

    def key(self, camera: str) -> str:
        """
        What Kafka knows *camera* by.

        >>> Tenant("shop-12").key("door"), Tenant.owner().key("door")
        ('shop-12/door', 'door')
        """
        return f"{self.name}/{camera}" if self.name else camera

    def camera(self, key: str) -> str | None:
        """The inverse of `key`; None: it is not theirs."""
        return key.removeprefix(self.key("")) if key.startswith(self.key("")) else None

    def source(self, source: str) -> str:
        """
        What Kafka knows a CloudEvent's source by.

        >>> Tenant("shop-12").source("/cameras/door")
        '/tenants/shop-12/cameras/door'
        """
        return f"/tenants/{self.name}/{source.removeprefix('/')}" if self.name else source

    def new_id(self, now: float, random: bytes) -> str:
        """An id that nobody guesses; *random* is 10 bytes, *now* seconds since the epoch."""
        return self._signed(f"f{int(now * 1000):012x}{random.hex()}")

    def id_of(self, key: str) -> str:
        """The id that belongs to an idempotency key: always the same."""
        return self._signed("k" + blake2b(key.encode(), digest_size=16, person=b"idempotency").hexdigest())

    def owns(self, frame_id: str) -> bool:
        """Whether a gateway gave this id to them."""
        return bool(_ID.fullmatch(frame_id)) and self._signed(frame_id[:-16]) == frame_id

    def _signed(self, text: str) -> str:
        return text + blake2b(text.encode(), key=self.name.encode(), digest_size=8).hexdigest()


def given_at(frame_id: str) -> float | None:
    """
    When an id was given, seconds since the epoch; None: it is one of an idempotency key.

    >>> given_at(Tenant("shop-12").new_id(1764000000.5, bytes(10)))
    1764000000.5
    """
    return int(frame_id[1:13], 16) / 1000 if frame_id.startswith("f") else None
