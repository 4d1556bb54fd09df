"""
Where the gateway listens, and how much it takes: the `gateway` section of the settings.
"""

from collections.abc import Mapping

from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt


class TenantLimits(BaseModel, frozen=True, extra="forbid"):
    """What one tenant may ask for; what is above it is answered 429, with `Retry-After`."""

    rate_per_s: PositiveFloat = 50.0
    """Requests per second, in the long run; each replica of the gateway counts its own."""
    burst: PositiveInt = 100
    """Requests at once after a while of silence."""
    concurrent: PositiveInt = 100
    """Requests under way: waiting ones and streams too; each replica counts its own."""
    daily_frames: PositiveInt = 1_000_000
    """Frames accepted in a day (UTC), over all replicas: their counts meet in Redis."""


class GatewaySettings(BaseModel, frozen=True, extra="forbid"):
    """How the gateway serves."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    """0 takes a free port."""
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Where Prometheus reads `/metrics`, and nothing else is told; None: only this machine may, at `port`."""
    keys_file: str | None = None
    """The hashes of the API keys, a line each (`detectscale gateway --new-key`); None: loopback only."""
    limits: TenantLimits = TenantLimits()
    """Of every tenant that `tenants` does not name."""
    tenants: Mapping[str, TenantLimits] = {}
    """Limits of single tenants, by name."""
    inflow_bytes: PositiveInt = 64 * 1024 * 1024
    """Bodies being received, all together; those on their way out: `publisher.buffer_bytes`."""
    max_connections: PositiveInt = 2000
    head_timeout_s: PositiveFloat = 10.0
    """A request's line and headers must be there within this."""
    body_timeout_s: PositiveFloat = 30.0
    """And its body within this."""
    write_timeout_s: PositiveFloat = 20.0
    """Who reads nothing of an answer for so long is cut off."""
    accept_timeout_s: PositiveFloat = 10.0
    """How long the broker may take to acknowledge a frame."""
    max_wait_s: PositiveFloat = 60.0
    """How long a request waits for a result at most; a client that wants to wait longer asks again."""
    idempotency_s: PositiveFloat = 86_400.0
    """How long an `Idempotency-Key` is remembered in Redis."""
    drain_s: NonNegativeFloat = 20.0
    """After SIGTERM: how long requests under way may take."""
