import pytest

from tests.unit.workers.polled import frame
from workers.freshness import Freshness, FreshnessRule
from workers.worker_settings import WorkerSettings

RULES = (
    FreshnessRule(source="/hospitals/*"),
    FreshnessRule(source="/stores/*/door", max_age_s=2),
    FreshnessRule(source="/stores/*", max_age_s=5),
    FreshnessRule(source="/cars/*", newest=True),
)


@pytest.mark.parametrize(
    ("source", "max_age_s", "newest"),
    [
        pytest.param("/hospitals/7/ct/1", None, False, id="a medical study is never dropped"),
        pytest.param("/stores/12/door", 2, False, id="the first rule that fits holds"),
        pytest.param("/stores/12/till", 5, False, id="a shop floor drops what is old"),
        pytest.param("/cars/3/front", None, True, id="of a car's camera the newest counts"),
        pytest.param("/elsewhere", 60, False, id="max_age_s is for all others"),
        pytest.param("urn:[*", 60, False, id="a source may hold anything"),
    ],
)
def test_the_source_says_what_is_dropped(source, max_age_s, newest):
    rule = Freshness(RULES, 60).rule(source)

    assert (rule.max_age_s, rule.newest) == (max_age_s, newest)


@pytest.mark.parametrize(
    ("freshness", "max_age_s", "oldest_s"),
    [
        pytest.param((), None, None, id="nothing is dropped"),
        pytest.param((), 5, 5, id="one limit"),
        pytest.param(RULES[1:3], 60, 60, id="the longest counts"),
        pytest.param(RULES, 60, None, id="some are never dropped"),
    ],
)
def test_only_what_every_rule_would_drop_is_too_old_for_everybody(freshness, max_age_s, oldest_s):
    assert WorkerSettings(freshness=freshness, max_age_s=max_age_s).oldest_s == oldest_s


@pytest.mark.parametrize(
    ("expires_at", "max_age_s", "limit_s"),
    [
        pytest.param(100.5, None, 0.5, id="by the sender's expiry"),
        pytest.param(None, 0.8, 0.8, id="by the configured age"),
        pytest.param(100.5, 0.2, 0.2, id="by the shorter of both"),
        pytest.param(None, None, None, id="never"),
    ],
)
def test_a_frame_is_wanted_until_the_first_of_its_limits(expires_at, max_age_s, limit_s):
    assert Freshness((), max_age_s).limit_s(frame(expires_at=expires_at)) == pytest.approx(limit_s)
