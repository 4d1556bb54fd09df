"""
What `manifests/components/monitoring` says, read from its files.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[3] / "manifests" / "components" / "monitoring"
NAMESPACE = "detectscale"
VARIABLES = {"$namespace": NAMESPACE, "$__rate_interval": "5m", "$__range": "5m"}
"""What Grafana would put in; the durations are longer than a test takes."""
_SELECTOR = re.compile(r"\b(detectscale[_:][a-z0-9_:]+|process_[a-z_]+|up)\b(?:\{([^}]*)\})?(?!\w|\()")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|on|ignoring|group_left)\s*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition of a selector."""

    label: str
    wanted: re.Pattern[str]
    """That a value has to match, or must not."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric in a query, with its conditions."""

    metric: str
    matchers: tuple[Matcher, ...]


def monitors() -> list[dict[str, Any]]:
    """The PodMonitors."""
    return list(yaml.safe_load_all((FOLDER / "pod-monitors.yaml").read_text()))


def rule_groups() -> list[dict[str, Any]]:
    """Groups of rules as Prometheus reads them."""
    groups: list[dict[str, Any]] = yaml.safe_load((FOLDER / "rules.yaml").read_text())["spec"]["groups"]
    return groups


def rules(kind: str) -> dict[str, Mapping[str, Any]]:
    """Rules by their names; *kind* is `alert` or `record`."""
    return {rule[kind]: rule for group in rule_groups() for rule in group["rules"] if kind in rule}


def panel_queries() -> Iterator[tuple[str, str]]:
    """Every query of every dashboard as Grafana sends it, with where it stands."""
    for file in sorted((FOLDER / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"]
                for name, value in VARIABLES.items():
                    query = query.replace(name, value)
                yield f"{file.stem}: {panel['title']} {target['refId']}", query


def selectors(query: str) -> list[Selector]:
    """
    The metrics that *query* names.

    >>> [(one.metric, [matcher.label for matcher in one.matchers]) for one in selectors('up{job="a"} == 0')]
    [('up', ['job'])]
    """
    return [
        Selector(
            metric, tuple(Matcher(label, re.compile(value)) for label, _, value in _MATCHER.findall(inside))
        )
        for metric, inside in _SELECTOR.findall(query)
    ]


def grouping_labels(query: str) -> set[str]:
    """
    The labels that *query* keeps, drops or joins by.

    >>> sorted(grouping_labels("sum by (namespace, reason) (a) / on (namespace) b"))
    ['namespace', 'reason']
    """
    return {
        label.strip() for inside in _GROUPING.findall(query) for label in inside.split(",") if label.strip()
    }
