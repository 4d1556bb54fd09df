"""
How many frames each tenant has sent today (UTC), over all replicas and restarts.

A request looks at memory only. Once a second what is new is added in Redis, and what the others have
added comes back. So a limit is exact in one process and late by a second between several; a process that
is killed forgets its last second. While Redis is away each counts on from what it knew: a cache that is
down closes no shop. One that comes up without its memory starts the day anew.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError

log = logging.getLogger(__name__)

SAVE_EVERY_S = 1.0
KEPT_S = 2 * 86_400

Day = tuple[str, str]
"""Tenant, and date."""


class DailyFrames:
    """
    Counts of one event loop.

    Args:
        redis: A client of `redis.asyncio`.
        prefix: Of the keys; not one of what `detectscale project --rebuild` deletes.
    """

    def __init__(self, redis: Any, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        self._saved: dict[Day, int] = {}
        self._unsaved: defaultdict[Day, int] = defaultdict(int)
        self._works = True

    def count(self, tenant: str, now: float) -> int:
        """Frames of *tenant* on the day of *now*, seconds since the epoch."""
        day = _day(tenant, now)
        return self._saved.get(day, 0) + self._unsaved.get(day, 0)

    def add(self, tenant: str, now: float, frames: int) -> None:
        """Count so many more."""
        self._unsaved[_day(tenant, now)] += frames

    async def save(self, tenants: Iterable[str], now: float) -> None:
        """Bring what is new to Redis, and the day's counts of *tenants* and of whoever came by back."""
        days = {_day(tenant, now) for tenant in tenants} | set(self._unsaved)
        days |= {day for day in self._saved if day[1] == _date(now)}
        if not days:
            return
        sent = {day: self._unsaved.get(day, 0) for day in days}
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for day, frames in sent.items():
                    pipe.incrby(self._key(day), frames)
                    pipe.expire(self._key(day), KEPT_S)
                totals = (await pipe.execute())[::2]
        except RedisError as error:
            if self._works:
                log.warning("gateway: daily limits: %s; counting on alone", error)
            self._works = False
            return
        self._works = True
        self._saved = dict(zip(sent, map(int, totals), strict=True))
        for day, frames in sent.items():
            self._unsaved[day] -= frames  # more may have come meanwhile
            if not self._unsaved[day]:
                del self._unsaved[day]

    def _key(self, day: Day) -> str:
        return f"{self._prefix}frames:{day[1]}:{day[0]}"


def _day(tenant: str, now: float) -> Day:
    return tenant, _date(now)


def _date(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()
