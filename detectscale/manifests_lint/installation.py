"""
What manifests mean together: who scales whom, and with which settings its pods run.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detectscale.manifests_lint.manifests import WORKLOADS, Manifest, mapping, mappings
from detectscale.settings import Settings, load_settings

SETTINGS_FILE = "config.yaml"
"""The key of the ConfigMap that holds the settings."""


class Installation:
    """All manifests that are linted at once."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._manifests = manifests

    def of_kind(self, *kinds: str) -> Iterator[Manifest]:
        """All of these kinds."""
        return (manifest for manifest in self._manifests if manifest.kind in kinds)

    def target(self, scaler: Manifest) -> Manifest | None:
        """What a ScaledObject or an HPA scales; None: it is not among the manifests."""
        wanted = scaler.mapping("spec.scaleTargetRef")
        kind, name = wanted.get("kind", "Deployment"), wanted.get("name")
        candidates = self.of_kind(kind) if kind in WORKLOADS else iter(())
        return next(
            (one for one in candidates if (one.namespace, one.name) == (scaler.namespace, name)), None
        )

    def scalers(self, workload: Manifest) -> list[Manifest]:
        """The ScaledObjects and HPAs that scale *workload*."""
        known = self.of_kind("ScaledObject", "HorizontalPodAutoscaler")
        return [scaler for scaler in known if self.target(scaler) is workload]

    def settings(self, workload: Manifest | None) -> Settings:
        """
        What the first container of *workload* reads: the file in a ConfigMap (else the one that comes
        with detectscale), and the environment as far as it is no secret.

        Raises:
            ConfigError: It would not start with these.
        """
        maps = {one.name: one.mapping("data") for one in self.of_kind("ConfigMap")}
        file = next((str(data[SETTINGS_FILE]) for data in maps.values() if SETTINGS_FILE in data), None)
        environment: dict[str, str] = {}
        for container in workload.mappings("spec.template.spec.containers")[:1] if workload else []:
            for source in mappings(container.get("envFrom")):
                environment |= maps.get(str(mapping(source.get("configMapRef")).get("name")), {})
            environment |= _literals(container)
        return _settings(file, environment)


def _literals(container: dict[str, Any]) -> dict[str, str]:
    return {
        str(entry.get("name")): str(entry["value"])
        for entry in mappings(container.get("env"))
        if entry.get("value") is not None
    }


def _settings(file: str | None, environment: dict[str, str]) -> Settings:
    if file is None:
        return load_settings(None, environment)
    with TemporaryDirectory() as folder:
        path = Path(folder) / SETTINGS_FILE
        path.write_text(file)
        return load_settings(path, environment)
