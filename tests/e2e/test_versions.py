"""
Another version of the worker beside the one that runs, and in its place: canary, shadow, rolling update.

The other model is the bundled one under another digest. Pods read it from the volume that
`components/model-storage-local` claims; a folder of this host stands behind it.
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from frames.clients import admin
from frames.ledger import Mark, read_ledger
from frames.outcome import Outcome, RecordId
from frames.results import detections_since
from frames.status import WorkerState
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.images import image
from tests.e2e.deployment import NAMESPACE, Deployment
from tests.e2e.report import Report
from tests.e2e.watch import Heard
from tests.integration.faults.models import copied, digest
from tests.waiting import until
from workers.model import BUNDLED
from workers.worker_settings import WorkerSettings

MANIFESTS = Path(__file__).parents[2] / "manifests"
COMPONENT = "app.kubernetes.io/component=worker"
HELD = 3
"""Workers that run, whatever the load."""
FRAMES = 60
EVERY_S = 0.2
"""Between two frames of a load."""
START_S = 90.0
OTHER = {"DETECTSCALE_MODEL__PATH": f"/models/{BUNDLED.name}"}
SHADOW = OTHER | {"DETECTSCALE_MODEL__MIN_SCORE": "0.5"}
IN_FLIGHT = HELD * 2 * WorkerSettings().max_batch
"""Frames that so many workers may have published and not committed: two batches each."""


@pytest.fixture(scope="module")
def held(session_deployment: Deployment) -> Iterator[Deployment]:
    """The deployment with as many workers as `HELD`, no more and no less."""
    triggers = session_deployment.kubectl.get("scaledobject", "worker")["spec"]["triggers"]
    with session_deployment.scaled_by(triggers, minReplicaCount=HELD, maxReplicaCount=HELD):
        yield session_deployment


@pytest.fixture(scope="module")
def other_model(
    own_cluster: Cluster, held: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The digest of the other model, which is in the volume `models`."""
    folder = tmp_path_factory.mktemp("models")
    folder.chmod(0o755)  # a pod is another user
    path = copied(folder)
    path.write_bytes(path.read_bytes() + b"\x32\x05other")  # ONNX' ModelProto.doc_string
    manifest = path.with_suffix(".yaml")
    content = yaml.safe_load(manifest.read_text())
    content["files"]["onnx"]["sha256"] = digest(path)
    manifest.write_text(yaml.safe_dump(content))
    held.kubectl.apply(*_volume(folder))
    yield digest(path)
    held.kubectl("delete", "persistentvolumeclaim/models", "--wait=false")
    held.kubectl("delete", "persistentvolume/models", "--wait=false")


def test_a_canary_takes_its_share_of_the_partitions(
    held: Deployment, other_model: str, report: Report
) -> None:
    with _beside(held, "canary", OTHER):
        owners = until(lambda: _settled(held, HELD + 1), START_S, 0.5)
        (its,) = (owned for worker, owned in owners.items() if "canary" in worker)
        since = held.mark()

        for _ in range(FRAMES):
            held.append()
        ledger = held.balanced(since)

        found = _digests(held, since)
        of_canary = {record for record, model in found.items() if model == other_model}
        report.add("canary: one of four", partitions=len(its), share_of_frames=len(of_canary) / FRAMES)
    assert len(its) == held.topics.partitions // (HELD + 1)
    assert of_canary == {record for record in found if record.partition in its}
    assert set(found.values()) == {other_model, digest(BUNDLED)}
    assert (ledger.detected, ledger.duplicates) == (FRAMES, 0)


def test_a_shadow_sees_every_frame_and_its_differences_are_printed(
    held: Deployment, other_model: str, report: Report
) -> None:
    topic = "shadow.detections"
    _begin_here(held, "detectscale-shadow")
    with _beside(held, "shadow", SHADOW):
        since, began_at = held.mark(), time.time()

        for _ in range(FRAMES):
            held.append()
        ledger = held.balanced(since)
        until(lambda: len(list(detections_since(held.kafka, [topic], began_at))) >= FRAMES, START_S, 0.5)

        instant = datetime.fromtimestamp(began_at, UTC).isoformat()
        compare = ("results", "--compare", held.topics.detections, topic, "--since", instant)
        told = held.kubectl("exec", "deployment/projector", "--", "detectscale", *compare)
    print(told)
    labels = re.findall(r"^ ?(\w+) +[\d.]+ +[\d.]+ +(\d+) +(\d+) +(\d+) ", told, re.MULTILINE)
    both, only_old, only_new = (sum(int(row[column]) for row in labels) for column in (1, 2, 3))
    report.add("shadow", frames=FRAMES, boxes_both=both, boxes_only_old=only_old, boxes_only_new=only_new)
    assert f"{FRAMES} results of {BUNDLED.stem}@{digest(BUNDLED)[:12]}" in told
    assert f"{FRAMES} results of {BUNDLED.stem}@{other_model[:12]}" in told
    assert f"{FRAMES} frames: {FRAMES} in both" in told
    assert only_old > 0, "a lower score is enough there"
    assert only_new == 0
    assert (ledger.detected, ledger.duplicates) == (FRAMES, 0)


def test_a_new_model_takes_over_under_load_and_nothing_is_lost(
    held: Deployment, other_model: str, report: Report
) -> None:
    until(lambda: _settled(held, HELD), START_S, 0.5)
    since = held.mark()
    with _load(held), held.watch_pods() as pods:
        until(lambda: len(_digests(held, since)) > 10)
        began_at = time.monotonic()
        with _updated(held, OTHER):
            took_s = time.monotonic() - began_at
            until(lambda: len(held.pods()) == HELD)
            least = min(_ready(pods.heard))

    ledger, models = held.balanced(since), Counter(_digests(held, since).values())
    report.add(
        f"rolling update of {HELD} workers",
        took_s=took_s,
        frames=ledger.records,
        frames_by_old=models[digest(BUNDLED)],
        frames_by_new=models[other_model],
        duplicates=ledger.duplicates,
        least_ready=least,
    )
    assert set(models) == {digest(BUNDLED), other_model}
    assert least >= HELD - 1
    assert ledger.detected == ledger.records
    assert ledger.duplicates <= IN_FLIGHT


@contextmanager
def _updated(deployment: Deployment, environment: Mapping[str, str]) -> Iterator[None]:
    """Roll the workers over to the other model; back, in the end, without waiting for it."""
    pod = deployment.kubectl.get("deployment", "worker")["spec"]["template"]["spec"]
    change = [{"op": "replace", "path": "/spec/template/spec", "value": _with_model(pod, environment)}]
    deployment.kubectl("patch", "deployment", "worker", "--type=json", f"--patch={json.dumps(change)}")
    try:
        deployment.kubectl("rollout", "status", "deployment/worker", f"--timeout={START_S:.0f}s")
        yield
    finally:
        deployment.kubectl("rollout", "undo", "deployment/worker")


@contextmanager
def _beside(deployment: Deployment, overlay: str, environment: Mapping[str, str]) -> Iterator[None]:
    """What `overlays/NAME` has beside `local`, with the other model, for the length of the block."""
    name = f"worker-{overlay}"
    selector = f"--selector=app.kubernetes.io/name={name}"
    rendered = yaml.safe_load_all(
        deployment.kubectl("kustomize", str(MANIFESTS / "overlays" / overlay), timeout_s=30)
    )
    objects = [one for one in rendered if one["metadata"]["name"] == name]
    (workload,) = (one for one in objects if one["kind"] == "Deployment")
    _with_model(workload["spec"]["template"]["spec"], environment)
    deployment.kubectl.apply(*objects)
    try:
        deployment.kubectl("rollout", "status", f"deployment/{name}", f"--timeout={START_S:.0f}s")
        yield
    finally:
        kinds = "deployment,service,serviceaccount,poddisruptionbudget"
        deployment.kubectl("delete", kinds, selector)
        until(lambda: not deployment.pods(selector.partition("=")[2]))


def _with_model(pod: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Change the spec of a worker's pod: the image that was built here, the volume, the environment."""
    (container,) = pod["containers"]
    container |= {"image": image("worker"), "imagePullPolicy": "Never"}
    container["resources"]["requests"] = {"cpu": "10m", "memory": "64Mi"}
    container["env"] += [{"name": name, "value": value} for name, value in environment.items()]
    container["volumeMounts"].append({"name": "models", "mountPath": "/models", "readOnly": True})
    pod["volumes"].append(
        {"name": "models", "persistentVolumeClaim": {"claimName": "models", "readOnly": True}}
    )
    return pod


def _volume(folder: Path) -> list[dict[str, Any]]:
    """The component's claim, and *folder* for it: where no provisioner is."""
    claim = yaml.safe_load((MANIFESTS / "components" / "model-storage-local" / "claim.yaml").read_text())
    claim["spec"] |= {"storageClassName": "", "volumeName": "models"}
    capacity = {
        "capacity": claim["spec"]["resources"]["requests"],
        "accessModes": claim["spec"]["accessModes"],
    }
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "models"},
        "spec": {
            **capacity,
            "hostPath": {"path": str(folder), "type": "Directory"},
            "claimRef": {"namespace": NAMESPACE, "name": "models"},
            "storageClassName": "",
        },
    }
    return [volume, claim]


def _settled(deployment: Deployment, count: int) -> dict[str, tuple[int, ...]]:
    """Partitions by worker, once *count* of them share them all; none before."""
    pods = {pod["metadata"]["name"] for pod in deployment.pods(COMPONENT)}
    last = {status.worker: status for status in deployment.statuses() if status.worker in pods}
    owners = {name: one.partitions for name, one in last.items() if one.state is WorkerState.READY}
    owned = sorted(partition for partitions in owners.values() for partition in partitions)
    complete = owned == list(range(deployment.topics.partitions))
    return owners if len(pods) == len(owners) == count and complete and all(owners.values()) else {}


def _digests(deployment: Deployment, since: Mark) -> dict[RecordId, str]:
    """By which model each frame was detected."""
    found: dict[RecordId, str] = {}

    def note(outcome: Outcome, _: float) -> None:
        found[outcome.record] = getattr(outcome, "model_digest", "")

    read_ledger(deployment.kafka, deployment.topics, since, note)
    return found


def _begin_here(deployment: Deployment, group: str) -> None:
    """Let a new group leave out what other tests have appended."""
    with closing(admin(deployment.kafka)) as client:
        offsets = {
            TopicPartition(deployment.topics.frames, partition): OffsetAndMetadata(offset)
            for partition, offset in deployment.mark().frames.items()
        }
        client.alter_group_offsets(group, offsets)


@contextmanager
def _load(deployment: Deployment) -> Iterator[None]:
    """Frames for the length of the block."""
    stop = threading.Event()

    def append() -> None:
        while not stop.wait(EVERY_S):
            deployment.append()

    with ThreadPoolExecutor(1) as thread:
        appending = thread.submit(append)
        try:
            yield
        finally:
            stop.set()
        appending.result()


def _ready(heard: list[Heard]) -> Iterator[int]:
    """How many workers are ready and stay, after each event that comes once all of them were."""
    ready: dict[str, bool] = {}
    complete = False
    for event in heard:
        conditions = event.body["status"].get("conditions", ())
        stays = event.kind != "DELETED" and "deletionTimestamp" not in event.body["metadata"]
        ready[event.name] = stays and ("Ready", "True") in {(c["type"], c["status"]) for c in conditions}
        complete = complete or sum(ready.values()) == HELD
        if complete:
            yield sum(ready.values())
