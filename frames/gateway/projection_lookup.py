"""
What Redis knows, asked from an event loop: outcomes that are older than the gateway's own memory, the
newest result of each camera, and which idempotency keys were used.
"""

import json
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from frames.errors import ConfigError, UnavailableError
from frames.projection import Keys, RedisSettings, place, unranked

T = TypeVar("T")

CONNECTIONS = 16
"""However many requests ask at once."""
CAMERAS_AT_ONCE = 1000
"""Names in one answer of Redis."""
RESULTS_AT_ONCE = 20
"""Results in one answer: each has up to `redis.max_value_bytes`, and reading them holds up the loop."""


def connect(settings: RedisSettings) -> Any:
    """
    A client for one event loop, which connects at its first command.

    Raises:
        ConfigError: The address cannot be used.
    """
    if settings.url is None:
        raise ConfigError("redis.url: not set; name a Redis, or start one with `detectscale up`")
    password = {"password": settings.password.get_secret_value()} if settings.password else {}
    try:
        pool = BlockingConnectionPool.from_url(
            settings.url,
            max_connections=CONNECTIONS,
            timeout=settings.timeout_s,
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            **password,
        )
    except ValueError as error:
        raise ConfigError("redis.url: must be redis://…, rediss://… or unix://…") from error
    return Redis.from_pool(pool)


def gateway_prefix(settings: RedisSettings) -> str:
    """In front of the gateway's own keys; `detectscale project --rebuild` deletes what has the other one."""
    return f"gateway:{settings.key_prefix}"


class ProjectionLookup:
    """
    Asks Redis. Every method raises UnavailableError when it does not answer.

    Args:
        redis: Of `connect`.
    """

    def __init__(self, redis: Any, settings: RedisSettings) -> None:
        self._redis = redis
        self._settings = settings
        self._keys = Keys(settings.key_prefix)
        self._prefix = gateway_prefix(settings)

    async def outcome(self, frame_id: str) -> dict[str, Any] | None:
        """The outcome of a frame as `frames.projection.describe` says it; None: there is none (any more)."""
        value = await self._ask(self._redis.get(self._keys.frame(frame_id)))
        return None if value is None else json.loads(value)

    async def newest(self, camera: str) -> dict[str, Any] | None:
        """The newest result of a camera, as Kafka knows it."""
        value = await self._ask(self._redis.get(self._keys.newest(camera)))
        return None if value is None else json.loads(unranked(value))

    async def cameras(self, prefix: str, most: int) -> list[dict[str, Any]]:
        """The newest results of at most *most* cameras whose keys begin with *prefix*, the newest first."""
        names = await self._camera_names(prefix.encode(), most)
        found: list[dict[str, Any]] = []
        for first in range(0, len(names), RESULTS_AT_ONCE):
            keys = [self._keys.newest(name) for name in names[first : first + RESULTS_AT_ONCE]]
            values = await self._ask(self._redis.mget(keys))
            found += [json.loads(unranked(value)) for value in values if value is not None]
        return found

    async def _camera_names(self, prefix: bytes, most: int) -> list[str]:
        found: dict[bytes, None] = {}  # while we turn pages, one may come by twice
        for first in range(0, self._settings.max_cameras, CAMERAS_AT_ONCE):
            last = first + CAMERAS_AT_ONCE - 1
            names = await self._ask(self._redis.zrevrange(self._keys.cameras, first, last))
            found |= dict.fromkeys(name for name in names if name.startswith(prefix))
            if len(names) < CAMERAS_AT_ONCE or len(found) >= most:
                break
        return [name.decode(errors="replace") for name in found][:most]

    async def digest(self, frame_id: str) -> str | None:
        """What was sent under this repeatable id; None: nothing that is remembered."""
        value = await self._ask(self._redis.get(self._accepted(frame_id)))
        return None if value is None else value.decode()

    async def remember(self, frame_id: str, digest: str, seconds: float) -> None:
        """That this was sent, for so long."""
        await self._ask(self._redis.set(self._accepted(frame_id), digest, px=int(seconds * 1000)))

    async def close(self) -> None:
        await self._redis.aclose()

    def _accepted(self, frame_id: str) -> str:
        return f"{self._prefix}accepted:{frame_id}"

    async def _ask(self, question: Awaitable[T]) -> T:
        try:
            return await question
        except RedisError as error:
            raise UnavailableError(
                f"redis.url: Redis at {place(self._settings)} does not work: {error}"
            ) from error
