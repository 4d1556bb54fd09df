"""
Debian's Prometheus as a process, which scrapes as the PodMonitors say.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from detectscale.embedded.child import running
from detectscale.embedded.ports import HOST, free_port
from tests.e2e.monitoring import component

SCRAPE_S = 1


def program(name: str) -> str:
    """The path of a program of Debian's package `prometheus`."""
    path = shutil.which(name)
    assert path, f"{name} is missing: apt-get install prometheus"
    return path


class Prometheus:
    """Asks one that runs."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def query(self, query: str) -> list[dict[str, Any]]:
        """The vector that *query* has now."""
        found: list[dict[str, Any]] = self._ask("query", query=query)["result"]
        return found

    def series(self, metric: str) -> list[dict[str, str]]:
        """The labels of every series of *metric* so far."""
        found: list[dict[str, str]] = self._ask("series", **{"match[]": metric})
        return found

    def rules(self) -> list[dict[str, Any]]:
        """All rules, with how they are."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def targets(self) -> dict[str, str]:
        """How each target is, by its job: `up`, or the error of the last scrape."""
        found = self._ask("targets")["activeTargets"]
        return {one["labels"]["job"]: one["lastError"] or one["health"] for one in found}

    def _ask(self, what: str, **arguments: str) -> Any:
        answer = self._client.get(f"/api/v1/{what}", params=arguments)
        told = json.loads(answer.text)
        assert told["status"] == "success", (arguments, told)
        return told["data"]


@contextmanager
def prometheus(folder: Path, scraped: Mapping[str, str], secrets: Mapping[str, Path]) -> Iterator[Prometheus]:
    """
    Run one in *folder* for the length of the block, with the rules of the component.

    Args:
        scraped: Where the metrics of each component's one process are.
        secrets: Files with what the keys of Secrets hold, by `SECRET/KEY`.
    """
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": component.rule_groups()}))
    configuration = {
        "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [_scrape(monitor, scraped, secrets) for monitor in component.monitors()],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        "--log.level=warn",
    ]
    with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=10, trust_env=False) as client:

        def answers() -> bool:
            try:
                return client.get("/-/ready").status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False

        with running(command, folder, folder / "prometheus.log", answers=answers):
            yield Prometheus(client)


def _scrape(
    monitor: Mapping[str, Any], scraped: Mapping[str, str], secrets: Mapping[str, Path]
) -> dict[str, Any]:
    """What Prometheus's operator makes of a PodMonitor, with processes in place of the pods."""
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    name = monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
    labels = {
        "namespace": component.NAMESPACE,
        "pod": f"{name}-0",
        "container": name,
        "endpoint": endpoint["port"],
    }
    config = {
        "job_name": f"{component.NAMESPACE}/{monitor['metadata']['name']}",
        "metrics_path": endpoint.get("path", "/metrics"),
        "scheme": endpoint.get("scheme", "http"),
        "static_configs": [{"targets": [scraped[name]], "labels": labels}],
    }
    if "tlsConfig" in endpoint:
        secret = endpoint["tlsConfig"]["ca"]["secret"]
        authority = secrets[f"{secret['name']}/{secret['key']}"]
        server = endpoint["tlsConfig"]["serverName"]
        config["tls_config"] = {"ca_file": str(authority), "server_name": server}
    return config
