"""Dashboards and alerts ask for what the processes really export."""

import math
from http import HTTPStatus

import pytest

from autoscaler.decision import Reason
from tests.e2e.monitoring.component import grouping_labels, panel_queries, rules, selectors
from tests.e2e.monitoring.prometheus import Prometheus

PANELS = dict(panel_queries())
NOT_PROVOKED = {"reason": {*map(str, Reason)}, "status": {str(status.value) for status in HTTPStatus}}
"""Values of labels that only trouble brings."""


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_shows_something(panel: str, observed: Prometheus) -> None:
    found = observed.query(PANELS[panel])

    assert any(math.isfinite(float(one["value"][1])) for one in found), (PANELS[panel], found)


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_shows_one_installation_and_not_the_others_too(panel: str) -> None:
    found = selectors(PANELS[panel])

    assert found
    assert all("namespace" in {matcher.label for matcher in one.matchers} for one in found)


@pytest.mark.parametrize("name", rules("record"))
def test_a_recorded_rule_has_a_value(name: str, observed: Prometheus) -> None:
    [found] = observed.query(name)

    assert 0 <= float(found["value"][1]) <= 1


def test_prometheus_evaluates_every_rule_without_an_error(observed: Prometheus) -> None:
    known = observed.rules()

    assert {rule["name"] for rule in known} == {*rules("alert"), *rules("record")}
    assert not [rule for rule in known if rule["health"] == "err"]


@pytest.mark.parametrize("name", [*rules("alert"), *rules("record")])
def test_what_a_rule_looks_at_exists(name: str, observed: Prometheus) -> None:
    query = (rules("alert") | rules("record"))[name]["expr"]
    labels = set()

    assert selectors(query)
    for selector in selectors(query):
        series = observed.series(selector.metric)
        assert series, f"nothing exports {selector.metric}"
        labels |= {label for one in series for label in one}
        for matcher in selector.matchers:
            values = {one[matcher.label] for one in series if matcher.label in one}
            values |= NOT_PROVOKED.get(matcher.label, set())
            assert any(matcher.wanted.fullmatch(value) for value in values), (
                selector.metric,
                matcher,
                values,
            )
    assert grouping_labels(query) <= labels
