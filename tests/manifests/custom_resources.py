"""
Schemas of custom resources: each project's own, out of its Go module.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft4Validator

from tests.manifests.rendering import run_go

MODULES = {
    # By group: the module that holds its CRDs, what Go's checksum of it must be, and the folder.
    "keda.sh": (
        "github.com/kedacore/keda/v2@v2.21.0",
        "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
        "config/crd/bases",
    ),
    "cert-manager.io": (
        "github.com/cert-manager/cert-manager@v1.18.2",
        "h1:H2P75ycGcTMauV3gvpkDqLdS3RSXonWF2S49QGA1PZE=",
        "deploy/crds",
    ),
    "karpenter.sh": (
        "sigs.k8s.io/karpenter@v1.6.0",
        "h1:82SIWF3FIaTkD5WFx+2wjCqgkZK5m1CHY5p+uIu4ScI=",
        "pkg/apis/crds",
    ),
    "monitoring.coreos.com": (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        "example/prometheus-operator-crd",
    ),
}
UNCHECKED = {
    "kafka.strimzi.io": "its CRDs are in no Go module",
    "karpenter.k8s.aws": "its module cannot be fetched everywhere",
}


def complaints(body: dict[str, Any]) -> Iterator[str]:
    """What the schema of this object's CRD does not accept, a misspelt field too."""
    group, _, version = body["apiVersion"].partition("/")
    for error in Draft4Validator(_schemas(group, body["kind"])[version]).iter_errors(body):
        yield f"{error.json_path}: {error.message}"


@cache
def _schemas(group: str, kind: str) -> dict[str, Any]:
    """By version."""
    texts = (file.read_text() for file in _crds(group).glob("*.yaml"))
    return {
        version["name"]: _strict(version["schema"]["openAPIV3Schema"])
        for text in texts
        if f"    kind: {kind}\n" in text  # some are large, and one of Prometheus's is none that PyYAML reads
        for crd in yaml.safe_load_all(text)
        if crd and crd["kind"] == "CustomResourceDefinition"
        if (crd["spec"]["group"], crd["spec"]["names"]["kind"]) == (group, kind)
        for version in crd["spec"]["versions"]
    }


@cache
def _crds(group: str) -> Path:
    """The folder of them."""
    module, checksum, folder = MODULES[group]
    found = json.loads(run_go("mod", "download", "-json", module))
    assert found["Sum"] == checksum, module
    return Path(found["Dir"]) / folder


def _strict(schema: Any, top: bool = True) -> Any:
    """*schema*, refusing fields that it does not name, which an API server would silently drop."""
    if isinstance(schema, list):
        return [_strict(entry, top=False) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {
        key: {name: _strict(field, top=False) for name, field in value.items()}
        if key == "properties"
        else _strict(value, top=False)
        for key, value in schema.items()
    }
    if "properties" in schema and not top and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strict.setdefault("additionalProperties", False)
    return strict
