"""
What stands in Redis: the newest result of each camera and the outcome of each recent frame.

    detectscale:frame:ID       the outcome of a frame, JSON
    detectscale:newest:CAMERA  the newest result of a camera: its rank, a space, JSON
    detectscale:cameras        cameras by the instant of their newest result (sorted set)
    detectscale:offsets        how far the outcome topics have been read (hash)

The projector writes it, `results` reads it, and losing it loses nothing: Kafka has it all.
One Redis node; a Redis Cluster would need all keys in one slot.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, PositiveFloat, PositiveInt, SecretStr
from pydantic_core import to_json

from frames.codec import to_fields
from frames.errors import ConfigError
from frames.event import InvalidEventError, decode_frame
from frames.outcome import Dead, Detected, Outcome

if TYPE_CHECKING:
    from redis import Redis


class RedisSettings(BaseModel, frozen=True, extra="forbid"):
    """The cache of results: the `redis` section of the settings."""

    url: str | None = None
    """`redis://host:port/0`, `rediss://…` or `unix://…`; None starts the embedded Redis."""
    password: SecretStr | None = None
    """Only from the environment: `DETECTSCALE_REDIS__PASSWORD`."""
    timeout_s: PositiveFloat = 2.0
    """How long one command may take before Redis counts as away."""
    key_prefix: str = "detectscale:"
    frame_ttl_s: PositiveFloat = 900.0
    """How long the outcome of a frame can be asked for by its id, from the outcome on."""
    camera_ttl_s: PositiveFloat = 86_400.0
    """How long a silent camera is still listed, with its newest result."""
    max_cameras: PositiveInt = 10_000
    """Cameras listed; the longest silent give way."""
    max_value_bytes: PositiveInt = 65_536
    """Largest value; a result with more detections than fit keeps only their number."""


def connect(settings: RedisSettings) -> "Redis":
    """
    A client, which connects at its first command.

    Raises:
        ConfigError: The address cannot be used.
    """
    from redis import Redis

    if settings.url is None:
        raise ConfigError("redis.url: not set; name a Redis, or start one with `detectscale up`")
    password = {"password": settings.password.get_secret_value()} if settings.password else {}
    try:
        return Redis.from_url(
            settings.url,
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            **password,
        )
    except ValueError as error:
        scheme = settings.url.partition("://")[0]
        raise ConfigError(
            f"redis.url: must be redis://…, rediss://… or unix://…, got {scheme}://…"
        ) from error


def place(settings: RedisSettings) -> str:
    """Where Redis is, as it may be shown: without user and password."""
    return urlsplit(settings.url or "").netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of what stands in Redis."""

    prefix: str

    @property
    def cameras(self) -> str:
        return f"{self.prefix}cameras"

    @property
    def offsets(self) -> str:
        return f"{self.prefix}offsets"

    def frame(self, frame_id: str) -> str:
        return f"{self.prefix}frame:{frame_id}"

    def newest(self, camera: str) -> str:
        return f"{self.prefix}newest:{camera}"


def describe(outcome: Outcome) -> dict[str, Any]:
    """The outcome as a JSON object, with its `kind`; a dead letter without the image."""
    return {"kind": outcome.kind.value} | to_fields(outcome, exclude={"original"})


def frame_id(outcome: Outcome) -> str | None:
    """The id of the frame that ended so; None when a dead letter is no frame event."""
    if not isinstance(outcome, Dead):
        return outcome.frame_id
    try:
        return decode_frame(outcome.original, outcome.at).id
    except InvalidEventError:
        return None


def instant_of(result: Detected) -> float:
    """
    By which results of a camera are ordered: the capture, but never later than the detection.

    A camera whose clock is an hour ahead would otherwise hide the hour after it is set right.
    """
    return min(result.captured_at, result.at)


def ranked(result: Detected, value: bytes) -> bytes:
    """
    *value* behind its rank; of two such values the greater, byte by byte, is the newer result.

    The rank is `instant_of`, then the record's offset: frames of one camera stand in one partition.
    """
    return b"%020.6f/%020d %s" % (instant_of(result), result.record.offset, value)


def unranked(value: bytes) -> bytes:
    """The inverse of `ranked`."""
    return value.partition(b" ")[2]


def packed(description: dict[str, Any], max_bytes: int) -> bytes:
    """*description* as JSON; where it would be larger than *max_bytes*, its detections as a number only."""
    value = to_json(description)
    if len(value) <= max_bytes:
        return value
    short = description | {"detections": [], "detections_left_out": len(description.get("detections", []))}
    return to_json(short)
