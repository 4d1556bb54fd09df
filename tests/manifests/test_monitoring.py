"""What the monitoring component says, held against what is scraped and against the settings."""

import json

import pytest

from autoscaler.adapter.settings import AdapterSettings
from detectscale.manifests_lint.manifests import Manifest
from detectscale.settings import load_settings
from tests.manifests.rendering import MANIFESTS, base_with
from workers.metrics import AGE_BOUNDS_S

DASHBOARDS = MANIFESTS / "components" / "monitoring" / "dashboards"


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> list[Manifest]:
    """All that has metrics, and what looks at it."""
    components = ["gateway", "camera", "cert-manager", "monitoring", "network-policy"]
    return base_with(components, tmp_path_factory.mktemp("everything"))


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {one.name: one for one in manifests if one.kind == kind}


def selected(manifests: list[Manifest], labels: dict[str, str]) -> list[Manifest]:
    """The Deployments whose pods have these labels."""
    deployments = of_kind(manifests, "Deployment").values()
    return [
        one for one in deployments if labels.items() <= one.mapping("spec.template.metadata.labels").items()
    ]


def test_every_process_with_metrics_has_a_monitor_that_finds_its_port(everything):
    found = {}
    for monitor in of_kind(everything, "PodMonitor").values():
        [deployment] = selected(everything, monitor.body["spec"]["selector"]["matchLabels"])
        [endpoint] = monitor.body["spec"]["podMetricsEndpoints"]
        found[deployment.name] = endpoint["port"]
        assert endpoint["port"] in {port["name"] for port in deployment.containers[0]["ports"]}

    assert found.keys() == of_kind(everything, "Deployment").keys() - {"projector"}  # which exports none


def test_the_wall_lets_prometheus_in_wherever_it_scrapes(everything):
    wall = of_kind(everything, "NetworkPolicy")["metrics"].body["spec"]
    [components] = wall["podSelector"]["matchExpressions"]
    open_ports = {port["port"] for rule in wall["ingress"] for port in rule["ports"]}

    for monitor in of_kind(everything, "PodMonitor").values():
        wanted = monitor.body["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
        assert wanted in components["values"]
        assert {one["port"] for one in monitor.body["spec"]["podMetricsEndpoints"]} <= open_ports


def test_prometheus_asks_the_autoscaler_by_a_name_on_its_certificate(everything):
    [endpoint] = of_kind(everything, "PodMonitor")["detectscale-autoscaler"].body["spec"][
        "podMetricsEndpoints"
    ]
    certificate = of_kind(everything, "Certificate")["autoscaler"].body["spec"]

    assert endpoint["tlsConfig"]["serverName"] in certificate["dnsNames"]
    assert endpoint["tlsConfig"]["ca"]["secret"]["name"] == certificate["secretName"]


def test_frames_are_late_where_the_goal_says_so(everything):
    goal_s = load_settings(None, {}).policy.slo_s
    rules = [
        rule
        for group in of_kind(everything, "PrometheusRule")["detectscale"].body["spec"]["groups"]
        for rule in group["rules"]
    ]
    recorded = [rule["expr"] for rule in rules if "record" in rule]
    [undecided] = [rule["expr"] for rule in rules if rule.get("alert") == "DetectscaleNothingDecided"]

    assert goal_s in AGE_BOUNDS_S
    assert all(f'{{le="{goal_s}"}}' in expression for expression in recorded)
    assert f"> {AdapterSettings().stale_s:g} or" in undecided


def test_grafana_finds_the_dashboards_and_each_has_an_identity_of_its_own(everything):
    found = of_kind(everything, "ConfigMap")["detectscale-dashboards"]
    dashboards = [json.loads(text) for text in found.body["data"].values()]

    assert found.mapping("metadata.labels")["grafana_dashboard"] == "1"
    assert found.body["data"].keys() == {file.name for file in DASHBOARDS.iterdir()}
    assert len({one["uid"] for one in dashboards}) == len(dashboards)
    for dashboard in dashboards:
        numbers = [panel["id"] for panel in dashboard["panels"]]
        assert len(numbers) == len(set(numbers))
        assert not overlapping(dashboard["panels"])


def overlapping(panels) -> list[tuple[str, str]]:
    """Titles of panels that lie on each other."""
    taken: dict[tuple[int, int], str] = {}
    clashes = []
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    clashes.append((taken[x, y], panel["title"]))
                taken[x, y] = panel["title"]
    return clashes
