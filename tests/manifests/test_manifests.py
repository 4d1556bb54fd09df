"""What holds for every overlay, and for the base with any component."""

from collections import Counter

import kubernetes_validate
import pytest

from detectscale.manifests_lint.lint import findings
from detectscale.manifests_lint.manifests import WORKLOADS, Manifest
from tests.manifests.custom_resources import MODULES, UNCHECKED, complaints

KUBERNETES = "1.35"
# Kustomize gives the last two the namespace, as it does not know them; an API server drops it.
CLUSTER_WIDE = ("Namespace", "PriorityClass", "PersistentVolume", "NodePool", "EC2NodeClass")


def group(manifest: Manifest) -> str:
    return manifest.body["apiVersion"].rpartition("/")[0]


def test_kubernetes_accepts_it(manifests):
    for manifest in manifests:
        if group(manifest) not in MODULES | UNCHECKED:
            kubernetes_validate.validate(manifest.body, KUBERNETES, strict=True)


def test_the_custom_resources_fit_their_schemas(manifests):
    wrong = [
        f"{manifest.place}: {complaint}"
        for manifest in manifests
        if group(manifest) in MODULES
        for complaint in complaints(manifest.body)
    ]

    assert not wrong


def test_the_linter_finds_nothing(manifests):
    assert not [str(finding) for finding in findings(manifests)]


def test_no_object_is_there_twice_or_outside_of_the_namespace(manifests):
    names = Counter((manifest.kind, manifest.name) for manifest in manifests)

    assert not [name for name, count in names.items() if count > 1]
    assert {one.namespace for one in manifests if one.kind not in CLUSTER_WIDE} == {"detectscale"}


def test_every_pod_is_restricted_as_pod_security_wants_it(manifests):
    for manifest in workloads(manifests):
        pod = manifest.mapping("spec.template.spec.securityContext")
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] >= 10001
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in manifest.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
        for volume in manifest.mappings("spec.template.spec.volumes"):
            assert "hostPath" not in volume


def test_only_the_autoscaler_may_talk_to_kubernetes(manifests):
    admitted = [
        manifest.name
        for manifest in workloads(manifests)
        if manifest.at("spec.template.spec.automountServiceAccountToken") is not False
    ]

    assert admitted == ["autoscaler"]


def test_nobody_may_read_secrets_or_everything(manifests):
    rules = [rule for manifest in manifests if manifest.kind == "Role" for rule in manifest.body["rules"]]

    assert rules
    for rule in rules:
        assert not {"secrets", "*"} & {*rule["resources"], *rule["verbs"], *rule["apiGroups"]}


def test_every_image_has_a_version_and_no_registry_of_ours(manifests):
    for manifest in workloads(manifests):
        for container in manifest.containers:
            name, _, version = container["image"].partition(":")
            assert version
            assert version != "latest"
            assert "." not in name


def test_what_a_pod_mounts_is_there(manifests):
    known = {(one.kind, one.name) for one in manifests}
    for manifest in workloads(manifests):
        pod = manifest.mapping("spec.template.spec")
        assert ("ServiceAccount", pod["serviceAccountName"]) in known
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        claims = manifest.mappings("spec.volumeClaimTemplates")
        for container in manifest.containers:
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted <= volumes.keys() | {claim["metadata"]["name"] for claim in claims}
        for volume in volumes.values():
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in known
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in known


@pytest.fixture
def scaled_object(overlay) -> Manifest:
    return next(one for one in overlay("local") if one.kind == "ScaledObject")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("maxReplicaCount", "8", id="a text where KEDA wants a number"),
        pytest.param("pollingIntervall", 5, id="a field that does not exist"),
    ],
)
def test_the_schema_of_keda_refuses(field, value, scaled_object):
    wrong = scaled_object.body | {"spec": scaled_object.body["spec"] | {field: value}}

    assert list(complaints(wrong))


def workloads(manifests):
    return [manifest for manifest in manifests if manifest.kind in WORKLOADS]
