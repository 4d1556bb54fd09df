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
