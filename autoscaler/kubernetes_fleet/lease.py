"""
Whose turn it is, by a Lease: what is seen of it, and what follows; pure.

A holder renews its Lease. Another may take it once it has not changed for as long as it lasts, by the
other's own monotonic clock since it saw it so: clocks are never compared. The holder gives it up
before that, if it cannot renew it.

Source: client-go, tools/leaderelection.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from autoscaler.kubernetes_fleet.api import Json

LASTS_S = 5.0
GIVEN_UP_S = 4.0
"""A holder that could not renew it for so long holds it no more: before another may take it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """As the API server has it."""

    version: str
    """Its resourceVersion: another with each renewal."""
    holder: str
    """Empty: nobody."""
    lasts_s: float
    transitions: int
    """How often the holder has changed."""
    acquired: str | None


@dataclass(frozen=True, slots=True)
class Sight:
    """A Lease, and since when it is so."""

    lease: Lease
    since: float
    """By the monotonic clock."""


def read_lease(manifest: Json) -> Lease:
    """Read a Lease."""
    spec = manifest.get("spec", {})
    return Lease(
        version=manifest["metadata"]["resourceVersion"],
        holder=spec.get("holderIdentity") or "",
        lasts_s=float(spec.get("leaseDurationSeconds") or LASTS_S),
        transitions=spec.get("leaseTransitions") or 0,
        acquired=spec.get("acquireTime"),
    )


def sighted(before: Sight | None, lease: Lease, now: float) -> Sight:
    """*lease* as of *now*; if it has not changed, since when that was seen first."""
    same = before is not None and before.lease.version == lease.version
    return before if before is not None and same else Sight(lease, now)


def may_take(sight: Sight, me: str, now: float) -> bool:
    """Whether it is mine, nobody's, or of somebody who has not renewed it."""
    return sight.lease.holder in ("", me) or now - sight.since >= sight.lease.lasts_s


def claim(lease: Lease | None, me: str, wall: float) -> Json:
    """
    What a Lease says that I take, or keep, at *wall*, seconds since the epoch.

    Args:
        lease: As it is; None: there is none yet.
    """
    instant = datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec: Json = {
        "holderIdentity": me,
        "leaseDurationSeconds": int(LASTS_S),
        "renewTime": instant,
        "acquireTime": instant,
        "leaseTransitions": 0,
    }
    if lease is None:
        return spec
    if lease.holder == me:
        return spec | {"acquireTime": lease.acquired or instant, "leaseTransitions": lease.transitions}
    return spec | {"leaseTransitions": lease.transitions + 1}


def release(lease: Lease, wall: float) -> Json:
    """What it says once I have left it to others: they need not wait."""
    return claim(lease, lease.holder, wall) | {"holderIdentity": "", "leaseDurationSeconds": 1}
