"""Each rule on a manifest that breaks it, and no other."""

from copy import deepcopy
from io import StringIO
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from detectscale.manifests_lint.lint import findings
from detectscale.manifests_lint.manifests import STDIN, Manifest, read_manifests
from detectscale.manifests_lint.rules import RULES
from frames.errors import ConfigError

SCALED_OBJECT = """
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: worker, namespace: shop, annotations: {}}
spec:
  scaleTargetRef: {name: worker}
  minReplicaCount: 0
  maxReplicaCount: 8
  pollingInterval: 5
  cooldownPeriod: 10
  fallback: {failureThreshold: 3, replicas: 1, behavior: currentReplicasIfHigher}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        scaleUp: {tolerance: "0", policies: [{type: Pods, value: 8, periodSeconds: 15}]}
        scaleDown: {tolerance: "0", stabilizationWindowSeconds: 0}
  triggers:
  - type: external-push
    metadata: {scalerAddress: "autoscaler.shop.svc:6000", target: frames}
    authenticationRef: {name: keda-client}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: shop}
spec:
  strategy: {rollingUpdate: {maxUnavailable: 0}}
  template:
    spec:
      terminationGracePeriodSeconds: 30
      containers:
      - name: worker
        args: [worker]
        env: [{name: DETECTSCALE_WORKER__DRAIN_S, value: "25"}]
        envFrom: [{configMapRef: {name: environment}}]
        startupProbe: {}
        livenessProbe: {}
        resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 2Gi}}
"""
SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {config.yaml: "{topics: {partitions: 4}, policy: {max_replicas: 8}}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: environment, namespace: shop}
data: {DETECTSCALE_TOPICS__PARTITIONS: "8"}
"""

BEHAVIOR = "spec.advanced.horizontalPodAutoscalerConfig.behavior"
TRIGGER = "spec.triggers.0"
CONTAINER = "spec.template.spec.containers.0"
PUSH = yaml.safe_load(SCALED_OBJECT)["spec"]["triggers"][0]
KAFKA = {"type": "kafka", "metadata": {"offsetResetPolicy": "earliest"}}
DELETED = object()


def written(text: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The manifest in *text*, with *changes* by path."""
    body = yaml.safe_load(text)
    for path, value in changes.items():
        *way, last = path.split(".")
        place = body
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if value is DELETED:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = deepcopy(value)
    return body


def broken(*bodies: dict[str, Any]) -> list[str]:
    """The names of the rules that these manifests break, among the settings."""
    known = [*yaml.safe_load_all(SETTINGS), *bodies]
    return [finding.rule.name for finding in findings([Manifest("a.yaml", body) for body in known])]


def scaled_object(changes):
    return [written(SCALED_OBJECT, changes), written(DEPLOYMENT, {})]


def deployment(changes):
    return [written(SCALED_OBJECT, {}), written(DEPLOYMENT, changes)]


def gateway(changes):
    serves = {
        f"{CONTAINER}.args": ["gateway"],
        f"{CONTAINER}.lifecycle": {"preStop": {"sleep": {"seconds": 10}}},
        f"{CONTAINER}.env.0": {"name": "DETECTSCALE_GATEWAY__DRAIN_S", "value": "20"},
        "spec.template.spec.terminationGracePeriodSeconds": 31,
    }
    return [HPA, written(DEPLOYMENT, serves | changes)]


def scaled_job(changes):
    return [written(SCALED_OBJECT, {"kind": "ScaledJob"} | changes)]


HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "worker", "namespace": "shop"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "worker"}},
}

CASES = [
    ("name-too-long", scaled_object({"metadata.name": "w" * 55})),
    ("one-trigger", scaled_object({"spec.triggers": [PUSH, KAFKA]})),
    ("push", scaled_object({f"{TRIGGER}.type": "external"})),
    ("max-above-partitions", scaled_object({"spec.maxReplicaCount": 9, "spec.triggers": [KAFKA]})),
    ("max-above-partitions", scaled_object({"spec.maxReplicaCount": DELETED, "spec.triggers": [KAFKA]})),
    ("bounds-differ", scaled_object({"spec.maxReplicaCount": 7})),
    ("bounds-differ", scaled_object({"spec.minReplicaCount": 1})),
    ("min-above-max", scaled_object({"spec.minReplicaCount": 9, "spec.triggers": [KAFKA]})),
    ("idle-replicas", scaled_object({"spec.idleReplicaCount": 1})),
    ("idle-replicas", scaled_object({"spec.idleReplicaCount": 0})),
    ("slow-polling", scaled_object({"spec.pollingInterval": 11, "spec.cooldownPeriod": 12})),
    ("slow-polling", scaled_object({"spec.pollingInterval": DELETED, "spec.cooldownPeriod": 31})),
    ("short-cooldown", scaled_object({"spec.cooldownPeriod": 5})),
    ("default-cooldown", scaled_object({"spec.cooldownPeriod": DELETED})),
    ("tolerance", scaled_object({f"{BEHAVIOR}.scaleUp.tolerance": DELETED})),
    ("tolerance", scaled_object({f"{BEHAVIOR}.scaleDown.tolerance": "50m"})),
    ("scale-up-in-steps", scaled_object({f"{BEHAVIOR}.scaleUp.policies": DELETED})),
    ("scale-up-in-steps", scaled_object({f"{BEHAVIOR}.scaleUp.policies.0.type": "Percent"})),
    ("scale-up-in-steps", scaled_object({f"{BEHAVIOR}.scaleUp.selectPolicy": "Disabled"})),
    ("scale-up-in-steps", scaled_object({f"{BEHAVIOR}.scaleUp.stabilizationWindowSeconds": 60})),
    ("scale-down-late", scaled_object({f"{BEHAVIOR}.scaleDown.stabilizationWindowSeconds": DELETED})),
    ("fallback-to-zero", scaled_object({"spec.fallback.replicas": 0})),
    ("fallback-drops", scaled_object({"spec.fallback.behavior": DELETED})),
    ("metric-type", scaled_object({f"{TRIGGER}.metricType": "Value"})),
    ("cached-metrics", scaled_object({f"{TRIGGER}.useCachedMetrics": True})),
    ("anybody-may-ask", scaled_object({f"{TRIGGER}.authenticationRef": DELETED})),
    ("unverified", scaled_object({f"{TRIGGER}.metadata.unsafeSsl": "true"})),
    ("value-from-environment", scaled_object({f"{TRIGGER}.metadata.passwordFromEnv": "PASSWORD"})),
    ("address-without-namespace", scaled_object({f"{TRIGGER}.metadata.scalerAddress": "autoscaler:6000"})),
    ("unknown-target", scaled_object({f"{TRIGGER}.metadata.target": DELETED})),
    ("formula", scaled_object({"spec.advanced.scalingModifiers": {"formula": "a + b", "target": "1"}})),
    ("paused", scaled_object({"metadata.annotations": {"autoscaling.keda.sh/paused": "true"}})),
    ("restores", scaled_object({"spec.advanced.restoreToOriginalReplicaCount": True})),
    (
        "persistent-lag",
        scaled_object({"spec.triggers": [KAFKA], f"{TRIGGER}.metadata.excludePersistentLag": "true"}),
    ),
    ("skipped-backlog", scaled_object({"spec.triggers": [{"type": "kafka", "metadata": {}}]})),
    ("pushed-jobs", scaled_job({})),
    ("grace-period", deployment({"spec.template.spec.terminationGracePeriodSeconds": 25})),
    ("grace-period", gateway({"spec.template.spec.terminationGracePeriodSeconds": 30})),
    ("refused-in-an-update", gateway({f"{CONTAINER}.lifecycle": {}})),
    ("requests-and-limits", deployment({f"{CONTAINER}.resources.limits.cpu": DELETED})),
    ("replicas-written", deployment({"spec.replicas": 0})),
    ("several-scalers", [*deployment({}), HPA]),
    ("unavailable-in-an-update", deployment({"spec.strategy": DELETED})),
    ("unavailable-in-an-update", deployment({"spec.strategy": {"type": "Recreate"}})),
    ("killed-while-starting", deployment({f"{CONTAINER}.startupProbe": DELETED})),
]


@pytest.mark.parametrize(("rule", "bodies"), CASES, ids=[name for name, _ in CASES])
def test_a_manifest_that_breaks_a_rule_is_found(rule, bodies):
    assert broken(*bodies) == [rule]


def test_every_rule_has_a_manifest_that_breaks_it():
    assert {rule.name for rule in RULES} == {name for name, _ in CASES}


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param(scaled_object({}), id="pushed"),
        pytest.param(scaled_object({f"{TRIGGER}.type": "metrics-api"}), id="polled"),
        pytest.param(scaled_object({f"{BEHAVIOR}.scaleUp.tolerance": 0}), id="a tolerance that is a number"),
        pytest.param(
            scaled_object({f"{BEHAVIOR}.scaleUp.policies.0": {"type": "Percent", "value": 700}}),
            id="scaled up by percent",
        ),
        pytest.param(
            scaled_object({"spec.triggers": [PUSH, {"type": "cpu"}]}),
            id="cpu beside the autoscaler",
        ),
        pytest.param(scaled_object({"spec.fallback": DELETED}), id="without a fallback replicas are held"),
        pytest.param(scaled_object({"spec.triggers": [{"type": "cron"}]}), id="somebody else's"),
        pytest.param(gateway({}), id="a gateway scaled by CPU"),
    ],
)
def test_what_is_right_is_not_found(bodies):
    assert broken(*bodies) == []


def test_a_target_of_its_own_policy_is_held_against_that():
    adapter = "{adapter: {targets: {till: {policy: {max_replicas: 3}}}}}"
    settings = {"metadata": {"name": "settings"}, "data": {"config.yaml": adapter}}
    bodies = scaled_object({f"{TRIGGER}.metadata.target": "till", "spec.maxReplicaCount": 3})
    manifests = [{"apiVersion": "v1", "kind": "ConfigMap"} | settings, *bodies]

    assert not list(findings([Manifest("a.yaml", body) for body in manifests]))


def test_a_finding_says_where_what_why_and_what_to_do():
    manifests = [Manifest("a.yaml", body) for body in scaled_object({"spec.fallback.replicas": 0})]

    text = str(next(findings(manifests)))

    assert text.splitlines() == [
        "a.yaml: ScaledObject worker: spec.fallback.replicas is 0 [fallback-to-zero]",
        "  why: With 0 an error counts as no work, and KEDA stops every worker just when it knows nothing.",
        "  fix: set fallback.replicas to 1 or more",
    ]


def test_a_text_where_a_number_belongs_is_no_finding_but_an_error():
    with pytest.raises(ConfigError, match=r"spec\.maxReplicaCount: a number is expected, got '8'"):
        broken(*scaled_object({"spec.maxReplicaCount": "8"}))


def test_settings_with_which_no_pod_would_start_are_an_error():
    with pytest.raises(ConfigError, match=r"worker\.drain_s"):
        broken(*deployment({f"{CONTAINER}.env.0.value": "soon"}))


def paths(body: Any) -> list[str]:
    """To everything in *body*."""
    entries = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [path for key, value in entries for path in (str(key), *(f"{key}.{way}" for way in paths(value)))]


MISTAKES = st.sampled_from(
    [None, True, -1, 1.5, "", "text", [], [None], [["x"]], {}, {"x": None}, {"name": 1}]
)


@settings(deadline=None)  # the settings go by a file
@given(
    st.dictionaries(
        st.sampled_from([way for way in paths(yaml.safe_load(SCALED_OBJECT)) if way != "kind"]),
        MISTAKES,
        max_size=1,
    ),
    st.dictionaries(
        st.sampled_from([way for way in paths(yaml.safe_load(DEPLOYMENT)) if way != "kind"]),
        MISTAKES,
        max_size=1,
    ),
)
def test_whatever_stands_in_a_manifest_ends_in_findings_or_in_an_error(in_scaled_object, in_deployment):
    bodies = [written(SCALED_OBJECT, in_scaled_object), written(DEPLOYMENT, in_deployment)]
    documents = yaml.safe_dump_all([*yaml.safe_load_all(SETTINGS), *bodies])

    try:
        found = list(findings(read_manifests([STDIN], StringIO(documents))))
    except ConfigError:
        return
    assert all(str(finding) for finding in found)
