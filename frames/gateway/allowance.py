"""
What a tenant may ask for: a rate, a number of requests at once, and frames in a day.

The first two are of this process alone. The day's count is shared (`daily_frames`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from frames.gateway.daily_frames import DailyFrames
from frames.gateway.gateway_settings import TenantLimits
from frames.gateway.problem import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, and when to ask again."""

    reason: Reason
    detail: str
    retry_after_s: float


class Allowance:
    """
    One tenant's rate and requests at once. The rate is a token bucket: full at first.

    >>> allowance = Allowance(TenantLimits(rate_per_s=2, burst=1), now=0.0)
    >>> allowance.enter(0.0), allowance.enter(0.1).retry_after_s, allowance.enter(0.5)
    (None, 0.4, None)
    """

    def __init__(self, limits: TenantLimits, now: float) -> None:
        self.limits = limits
        self._tokens = float(limits.burst)
        self._at = now
        self._under_way = 0

    def enter(self, now: float) -> Refusal | None:
        """Begin a request at *now*, seconds of a monotonic clock; None: it may, and `leave` must follow."""
        limits = self.limits
        if self._under_way >= limits.concurrent:
            return Refusal(Reason.CONCURRENT, f"{limits.concurrent} requests are under way already", 1.0)
        self._tokens = min(limits.burst, self._tokens + (now - self._at) * limits.rate_per_s)
        self._at = now
        if self._tokens < 1:
            wait_s = round((1 - self._tokens) / limits.rate_per_s, 6)
            return Refusal(Reason.RATE, f"more than {limits.rate_per_s:g} requests per second", wait_s)
        self._tokens -= 1
        self._under_way += 1
        return None

    def leave(self) -> None:
        """The request is over."""
        self._under_way -= 1


class Allowances:
    """Those of all tenants; as many as there are names in the file of keys."""

    def __init__(self, limits: TenantLimits, tenants: Mapping[str, TenantLimits], days: DailyFrames) -> None:
        self._limits = limits
        self._tenants = tenants
        self._days = days
        self._allowances: dict[str, Allowance] = {}

    def of(self, tenant: str, now: float) -> Allowance:
        """The one of *tenant*; *now* is of a monotonic clock."""
        if tenant not in self._allowances:
            self._allowances[tenant] = Allowance(self._tenants.get(tenant, self._limits), now)
        return self._allowances[tenant]

    def take_frame(self, tenant: str, now: float) -> Refusal | None:
        """Count a frame of the day of *now*, seconds since the epoch; `give_back` if it comes to nothing."""
        most = self._tenants.get(tenant, self._limits).daily_frames
        if self._days.count(tenant, now) >= most:
            return Refusal(Reason.DAILY, f"{most} frames of today (UTC) are used up", until_midnight_s(now))
        self._days.add(tenant, now, 1)
        return None

    def give_back(self, tenant: str, now: float) -> None:
        """It was not sent."""
        self._days.add(tenant, now, -1)


def until_midnight_s(now: float) -> float:
    """
    Seconds until the day ends (UTC).

    >>> until_midnight_s(86_400 * 7 + 60.0)
    86340.0
    """
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today + timedelta(days=1)).timestamp() - now
