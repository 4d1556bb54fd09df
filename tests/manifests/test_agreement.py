"""Numbers and names that two files share."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from autoscaler.adapter.settings import AdapterSettings
from detectscale.gateway import FLUSH_S
from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest
from detectscale.settings import load_settings
from frames.cameras.cameras_file import read_cameras
from frames.gateway.projection_lookup import gateway_prefix
from frames.topics import TopicSettings
from tests.manifests.rendering import MANIFESTS


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    return next(one for one in manifests if (one.kind, one.name) == (kind, name))


def ports(service: Manifest) -> dict[str, int]:
    return {port["name"]: port["port"] for port in service.body["spec"]["ports"]}


def container_ports(workload: Manifest) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in workload.containers[0]["ports"]}


def test_a_worker_has_longer_to_leave_than_it_takes_to_drain(overlay):
    worker = named(overlay("local"), "Deployment", "worker")
    drain_s = Installation(overlay("local")).settings(worker).worker.drain_s

    assert worker.number("spec.template.spec.terminationGracePeriodSeconds") > drain_s


def test_the_workers_port_is_where_it_listens_and_where_it_is_looked_for(overlay):
    worker = named(overlay("local"), "Deployment", "worker")
    listens_at = Installation(overlay("local")).settings(worker).worker.http_port

    assert container_ports(worker) == {"http": listens_at}
    assert ports(named(overlay("local"), "Service", "worker")) == {"http": listens_at}


def test_the_autoscalers_ports_are_where_it_listens_and_where_keda_asks(overlay, component):
    adapter = AdapterSettings()
    listens_at = {"grpc": adapter.grpc_port, "http": adapter.http_port}
    pushed = named(overlay("local"), "ScaledObject", "worker").body["spec"]["triggers"][0]["metadata"]
    polled = named(component("metrics-api"), "ScaledObject", "worker").body["spec"]["triggers"][0]["metadata"]
    service = named(overlay("local"), "Service", "autoscaler")
    host = f"{service.name}.{service.namespace}.svc"

    assert container_ports(named(overlay("local"), "Deployment", "autoscaler")) == listens_at
    assert ports(service) == listens_at
    assert pushed["scalerAddress"] == f"{host}:{adapter.grpc_port}"
    assert urlsplit(polled["url"]).netloc == f"{host}:{adapter.http_port}"


def test_the_certificate_names_the_address_that_keda_asks(overlay):
    trigger = named(overlay("gke"), "ScaledObject", "worker").body["spec"]["triggers"][0]
    certificate = named(overlay("gke"), "Certificate", "autoscaler")

    assert trigger["metadata"]["scalerAddress"].partition(":")[0] in certificate.body["spec"]["dnsNames"]


def test_the_trigger_asks_for_the_target_that_is_configured(overlay):
    trigger = named(overlay("local"), "ScaledObject", "worker").body["spec"]["triggers"][0]
    deployment = named(overlay("local"), "Deployment", "autoscaler")

    assert trigger["metadata"]["target"] == Installation(overlay("local")).settings(deployment).topics.frames


def test_what_it_renders_with_are_the_settings_that_come_with_detectscale(overlay):
    config = next(
        one for one in overlay("local") if one.kind == "ConfigMap" and "config.yaml" in one.body["data"]
    )

    assert yaml.safe_load(config.body["data"]["config.yaml"]) == yaml.safe_load(
        (MANIFESTS / "base" / "config.yaml").read_text()
    )


@pytest.fixture
def topics() -> TopicSettings:
    return load_settings(None, {}).topics


def test_strimzi_creates_the_topics_that_detectscale_would(component, topics):
    found = {one.name: one.body["spec"] for one in component("kafka-strimzi") if one.kind == "KafkaTopic"}

    assert found.keys() == {topics.frames, *topics.outcomes, topics.status, topics.decisions}
    for name in (topics.frames, *topics.outcomes):
        assert found[name]["partitions"] == topics.partitions
    assert found[topics.frames]["config"]["retention.ms"] == topics.frames_retention_s * 1000
    for name in topics.outcomes:
        assert found[name]["config"]["retention.ms"] == topics.results_retention_s * 1000
    assert {spec["config"]["message.timestamp.type"] for spec in found.values()} == {"LogAppendTime"}


def test_what_the_acls_name_exists(component, topics):
    group = load_settings(None, {}).worker.group_id
    known = {
        "topic": {topics.frames, *topics.outcomes, topics.status, topics.decisions},
        "group": {group},
        "transactionalId": {f"{topics.dead}.redrive"},
    }

    for user in (one for one in component("kafka-strimzi") if one.kind == "KafkaUser"):
        for acl in user.body["spec"]["authorization"]["acls"]:
            assert acl["resource"]["name"] in known[acl["resource"]["type"]]


def test_whoever_logs_in_to_strimzi_has_a_certificate_of_a_user_of_its_own(overlay, component):
    users = {one.name for one in component("kafka-strimzi") if one.kind == "KafkaUser"}
    deployments = [one for one in overlay("gke") if one.kind == "Deployment"]

    for deployment in [*deployments, named(component("camera"), "Deployment", "camera")]:
        user = f"detectscale-{deployment.name}"
        volumes = {one["name"]: one for one in deployment.mappings("spec.template.spec.volumes")}
        mounts = {one["name"]: one["mountPath"] for one in deployment.containers[0]["volumeMounts"]}
        assert (mounts["kafka-ca"], mounts["kafka-user"]) == ("/etc/kafka-ca", "/etc/kafka-user")
        assert volumes["kafka-user"]["secret"]["secretName"] == user
        assert user in users


def test_the_cameras_of_the_component_can_be_read(component, tmp_path):
    file = tmp_path / "cameras.yaml"
    file.write_text(named(component("camera"), "ConfigMap", "cameras").body["data"][file.name])

    assert read_cameras(file, {})


def test_the_camera_listens_where_it_is_looked_for(component):
    camera = named(component("camera"), "Deployment", "camera")
    arguments = camera.containers[0]["args"]

    assert arguments[-2:] == ["--http-port", str(container_ports(camera)["metrics"])]
    assert Installation(component("camera")).settings(camera).worker.http_host == "0.0.0.0"  # noqa: S104


def test_the_wall_lets_each_part_out_to_what_it_talks_to(overlay, component):
    deployments = [one for one in overlay("local") if one.kind == "Deployment" and one.name != "redis"]
    deployments.append(named(component("camera"), "Deployment", "camera"))
    out = {
        name: set(policy["spec"]["podSelector"]["matchExpressions"][0]["values"])
        for name in ("to-kafka", "to-redis")
        for policy in [named(overlay("local"), "NetworkPolicy", name).body]
    }

    assert out["to-kafka"] == {
        one.at("spec.template.metadata.labels")["app.kubernetes.io/component"] for one in deployments
    }
    assert out["to-redis"] == {"gateway", "projector"}


@pytest.fixture
def gateway(component):
    return named(component("gateway"), "Deployment", "gateway")


def test_the_gateway_listens_where_it_is_looked_for(gateway, component):
    settings = Installation(component("gateway")).settings(gateway).gateway
    [port] = named(component("gateway"), "Service", "gateway").body["spec"]["ports"]

    assert container_ports(gateway) == {"http": settings.port, "metrics": settings.metrics_port}
    assert port["targetPort"] == "http"
    assert settings.host == "0.0.0.0"  # noqa: S104  # of a pod


def test_a_gateway_has_time_to_flush_after_its_last_request(gateway, component):
    drain_s = Installation(component("gateway")).settings(gateway).gateway.drain_s
    sleeps_s = gateway.containers[0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace_s = gateway.number("spec.template.spec.terminationGracePeriodSeconds")

    assert grace_s >= sleeps_s + drain_s + FLUSH_S


def test_the_keys_are_where_the_gateway_reads_them(gateway, component):
    file = Path(Installation(component("gateway")).settings(gateway).gateway.keys_file)
    [mount] = [one for one in gateway.containers[0]["volumeMounts"] if one["name"] == "keys"]

    assert (mount["mountPath"], file.name) == (str(file.parent), "keys")


def test_the_gateway_is_scaled_by_one_hpa_and_not_by_keda(component):
    scalers = Installation(component("gateway")).scalers(named(component("gateway"), "Deployment", "gateway"))

    assert [(one.kind, one.at("spec.minReplicas")) for one in scalers] == [("HorizontalPodAutoscaler", 2)]


def test_on_one_machine_one_gateway_is_enough(overlay):
    assert named(overlay("local"), "HorizontalPodAutoscaler", "gateway").at("spec.minReplicas") == 1


def test_redis_lets_the_gateway_have_its_own_keys():
    allowed = (MANIFESTS / "components" / "redis" / "redis.conf").read_text()

    assert f" ~{gateway_prefix(load_settings(None, {}).redis)}* " in allowed


def test_a_canary_works_in_the_group_of_the_others(overlay):
    installation = Installation(overlay("canary"))
    worker, canary = (
        installation.settings(named(overlay("canary"), "Deployment", name))
        for name in ("worker", "worker-canary")
    )

    assert canary == worker


def test_a_shadow_has_its_own_group_and_writes_where_nobody_else_does(overlay):
    installation = Installation(overlay("shadow"))
    worker, shadow = (
        installation.settings(named(overlay("shadow"), "Deployment", name))
        for name in ("worker", "worker-shadow")
    )

    assert shadow.worker.group_id != worker.worker.group_id
    assert shadow.topics.frames == worker.topics.frames
    assert not {*shadow.topics.outcomes, shadow.topics.status} & {
        *worker.topics.outcomes,
        worker.topics.status,
    }


@pytest.mark.parametrize("name", ["canary", "shadow"])
def test_no_selector_catches_the_other_versions_pods(name, overlay):
    one, other = (named(overlay(name), "Deployment", kind) for kind in ("worker", f"worker-{name}"))

    assert one.mapping("spec.selector.matchLabels") != other.mapping("spec.selector.matchLabels")
    for workload in (one, other):
        labels = workload.mapping("spec.template.metadata.labels")
        assert workload.mapping("spec.selector.matchLabels").items() <= labels.items()


def test_torchrun_expects_as_many_nodes_as_the_job_has(component):
    job = named(component("training"), "Job", "training")
    arguments = job.containers[0]["args"]

    assert job.at("spec.completions") == job.at("spec.parallelism")
    assert f"--nnodes={job.at('spec.completions')}" in arguments
    assert f"--rdzv-endpoint=training-0.training:{container_ports(job)['rendezvous']}" in arguments
