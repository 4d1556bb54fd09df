"""
`detectscale lint-manifests --generate`: the ScaledObject that fits the settings.

It is `manifests/base/scaled-object.yaml` for a Deployment of any name, and a test keeps them equal.
What each value is for stands in the table of rules, which it has to pass before it is printed.
"""

from typing import Any

import yaml

from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.lint import findings
from detectscale.manifests_lint.manifests import Manifest
from detectscale.manifests_lint.replicas import targets
from detectscale.settings import Settings
from frames.errors import ConfigError

POLLING_S = 5
COOLDOWN_S = 10
HPA_PERIOD_S = 15
AUTHENTICATION = "keda-client"
CERTIFICATES = "keda-client-tls"
"""Secret with KEDA's certificate and the authority of the autoscaler's."""


def generate(settings: Settings, deployment: str, namespace: str, target: str | None) -> str:
    """
    YAML: the ScaledObject of *deployment*, and the TriggerAuthentication that it names.

    Args:
        target: A name in `adapter.targets`; None: the only one there is.

    Raises:
        ConfigError: There is no such target, or the settings or the names break one of our rules.
    """
    known = {one.name: one for one in targets(settings)}
    name = target or next(iter(known))
    if name not in known or (target is None and len(known) > 1):
        raise ConfigError(f"--target: name one of {', '.join(known)}")
    policy = known[name].params
    trigger = {
        "type": "external-push",
        "metricType": "AverageValue",
        "metadata": {
            "scalerAddress": f"autoscaler.{namespace}.svc:{settings.adapter.grpc_port}",
            "enableTLS": "true",
            "target": name,
        },
        "authenticationRef": {"name": AUTHENTICATION},
    }
    spec = {
        "scaleTargetRef": {"name": deployment},
        "minReplicaCount": policy.min_replicas,
        "maxReplicaCount": policy.max_replicas,
        "pollingInterval": POLLING_S,
        "cooldownPeriod": COOLDOWN_S,
        "fallback": {
            "failureThreshold": 3,
            "replicas": max(policy.min_replicas, 1),
            "behavior": "currentReplicasIfHigher",
        },
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior(policy.max_replicas)}},
        "triggers": [trigger],
    }
    secrets = [
        {"parameter": parameter, "name": CERTIFICATES, "key": key}
        for parameter, key in (
            ("caCert", "ca.crt"),
            ("tlsClientCert", "tls.crt"),
            ("tlsClientKey", "tls.key"),
        )
    ]
    made = [
        _object("ScaledObject", deployment, namespace, spec),
        _object("TriggerAuthentication", AUTHENTICATION, namespace, {"secretTargetRef": secrets}),
    ]
    _check(made, settings)
    return yaml.safe_dump_all((one.body for one in made), sort_keys=False)


class _InForce(Installation):
    """Manifests whose pods run with settings that are known."""

    def __init__(self, manifests: list[Manifest], settings: Settings) -> None:
        super().__init__(manifests)
        self._settings = settings

    def settings(self, workload: Manifest | None) -> Settings:
        return self._settings


def _check(made: list[Manifest], settings: Settings) -> None:
    wrong = [f"{one.what}; {one.rule.fix}" for one in findings(made, _InForce(made, settings))]
    if wrong:
        raise ConfigError(f"lint-manifests: {'; '.join(wrong)}")


def _behavior(max_replicas: int) -> dict[str, Any]:
    """The autoscaler has decided: the HPA takes any step at once, and none is too small."""

    def rules(policy: dict[str, Any]) -> dict[str, Any]:
        policies = [policy | {"periodSeconds": HPA_PERIOD_S}]
        return {"tolerance": "0", "stabilizationWindowSeconds": 0, "policies": policies}

    return {
        "scaleUp": rules({"type": "Pods", "value": max_replicas}),
        "scaleDown": rules({"type": "Percent", "value": 100}),
    }


def _object(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    body = {"apiVersion": "keda.sh/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
    return Manifest("generated", body)
