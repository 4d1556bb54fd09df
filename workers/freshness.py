"""
Which frames still matter when their turn comes, by where they are from.

    never drop      medical studies     {source: "/hospitals/*"}
    drop when old   a shop floor        {source: "/stores/*", max_age_s: 5}
    newest wins     a car's cameras     {source: "/cars/*", newest: true}

The first rule whose pattern fits a frame's `source` holds for it. Whatever is dropped
ends as an expired outcome.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from pydantic import BaseModel, PositiveFloat

from frames.event import Frame

REMEMBERED_SOURCES = 4096
"""Sources whose rule is looked up once; strangers may send any number."""


class FreshnessRule(BaseModel, frozen=True, extra="forbid"):
    """What is dropped of the frames of some sources; without a key, nothing is."""

    source: str = "*"
    """Pattern of `ce_source`, as in a shell: `*`, `?`, `[abc]`; `*` crosses slashes."""
    max_age_s: PositiveFloat | None = None
    """A frame older than this, from capture, is dropped; None: never."""
    newest: bool = False
    """A frame is dropped once a newer one of its camera waits: only the newest counts."""


class Freshness:
    """The rules, in order."""

    def __init__(self, rules: Sequence[FreshnessRule], max_age_s: float | None) -> None:
        """
        Make ready to look rules up.

        Args:
            max_age_s: For frames that no rule fits.
        """
        self._rules = (*rules, FreshnessRule(max_age_s=max_age_s))
        self.rule = lru_cache(REMEMBERED_SOURCES)(self._rule)
        """The rule that holds for a frame of this source."""

    def limit_s(self, frame: Frame) -> float | None:
        """The age in seconds, from capture, after which nobody wants this frame's result; None: never."""
        own = None if frame.expires_at is None else frame.expires_at - frame.captured_at
        ours = self.rule(frame.source).max_age_s
        return min((limit for limit in (own, ours) if limit is not None), default=None)

    def _rule(self, source: str) -> FreshnessRule:
        return next(rule for rule in self._rules if fnmatchcase(source, rule.source))
