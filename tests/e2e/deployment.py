"""
detectscale as `manifests/overlays/local` deploys it, and what tests do with it.

The topics are the ones of the settings file, the same for every test: a test counts from `mark()` on.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import time
from typing import Any

from detectscale.settings import load_settings
from frames.clients import KafkaSettings, producer, reader
from frames.event import Message, encode_frame
from frames.ledger import Ledger, Mark, mark, read_ledger
from frames.outcome import Kind, Outcome, RecordId
from frames.publisher import new_frame
from frames.records import partitions_of, read_until
from frames.sources import captured
from frames.status import WorkerStatus
from frames.topics import create_topics
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.node import endpoint
from tests.e2e.existing_cluster import ExistingCluster
from tests.e2e.watch import Watch
from tests.integration.faults.images import small_images
from tests.waiting import until

NAMESPACE = "detectscale"
OVERLAY = Path(__file__).parent / "overlay"
BASE = Path(__file__).parents[2] / "manifests" / "base"
WORKERS = "app.kubernetes.io/name=worker"
KEDA = "spiffe://cluster.local/ns/keda/sa/keda-operator"


@dataclass(frozen=True, slots=True)
class Appended:
    """A frame in Kafka."""

    record: RecordId
    at: float
    """Instant of append, seconds since the epoch, by the broker's clock."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a frame."""

    kind: Kind
    at: float
    """Instant its outcome was appended, seconds since the epoch, by the broker's clock."""


class Deployment:
    """The overlay, once `up` has returned."""

    def __init__(self, cluster: Cluster | ExistingCluster) -> None:
        self.cluster = cluster
        self.kubectl = cluster.kubectl.within(NAMESPACE)
        self.kafka = KafkaSettings(bootstrap_servers=cluster.kafka)
        settings = load_settings(BASE / "config.yaml", {})
        self.topics, self.group_id = settings.topics, settings.worker.group_id
        self._images = small_images()
        self._appended = 0
        self._marks: dict[str, Mark] = {}
        """The last of each topic of frames: where to begin to look for an outcome."""

    def up(self) -> None:
        """Apply the overlay; wait until everything is ready and KEDA has stopped the first worker."""
        create_topics(self.kafka, self.topics)
        self.cluster.kubectl.apply_files([BASE / "namespace.yaml"])
        self.kubectl.apply(*self._certificates(), *self._brokers())
        self.kubectl("apply", "--server-side", "--force-conflicts", f"--kustomize={OVERLAY}")
        for name in ("autoscaler", "projector"):
            self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s", timeout_s=130)
        self.kubectl("wait", "--for=condition=Ready", "scaledobject/worker", "--timeout=60s")
        self.await_zero()

    def down(self) -> None:
        """Delete the namespace with all that is in it."""
        self.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=180s", timeout_s=190)

    # Frames

    def append(self, camera: str = "", image: bytes | None = None) -> Appended:
        """Append one frame; from a camera of its own, unless one is named."""
        return self._acknowledged(self._send(self._message(camera, image)))

    def append_burst(self, frames: int) -> list[Appended]:
        """Append frames as quickly as it goes, each from a camera of its own, evenly over the partitions."""
        messages = [self._message() for _ in range(frames)]
        sent = [self._send(message, n % self.topics.partitions) for n, message in enumerate(messages)]
        return [self._acknowledged(one) for one in sent]

    def append_to(self, partition: int, frames: int) -> list[Appended]:
        """Append frames to one partition: work for whoever has it."""
        sent = [self._send(self._message(), partition) for _ in range(frames)]
        return [self._acknowledged(one) for one in sent]

    def mark(self) -> Mark:
        """Here begins what `ledger` and `balanced` shall count."""
        self._marks[self.topics.frames] = mark(self.kafka, self.topics)
        return self._marks[self.topics.frames]

    def ledger(self, since: Mark) -> Ledger:
        """Frames against outcomes at this instant."""
        return read_ledger(self.kafka, self.topics, since)

    def balanced(self, since: Mark, within_s: float = 60.0) -> Ledger:
        """Wait until every frame has an outcome."""
        return until(lambda: ledger if (ledger := self.ledger(since)).balanced else None, within_s, 0.5)

    def outcomes(self, since: Mark) -> list[tuple[Outcome, float]]:
        """The first outcome of each frame, with the instant of its append, seconds since the epoch."""
        found: list[tuple[Outcome, float]] = []
        read_ledger(self.kafka, self.topics, since, lambda *outcome: found.append(outcome))
        return found

    def outcome(self, record: RecordId, within_s: float = 60.0) -> Ended:
        """Wait for what becomes of a frame."""
        marked = self._marks.get(record.topic, Mark({}, {}))
        later = record.offset >= marked.frames.get(record.partition, 0)
        since = Mark({record.partition: record.offset}, marked.outcomes if later else {})
        found: dict[RecordId, Ended] = {}

        def note(outcome: Any, at: float) -> None:
            found[outcome.record] = Ended(outcome.kind, at)

        def ended() -> Ended | None:
            read_ledger(self.kafka, self.topics, since, note)
            return found.get(record)

        return until(ended, within_s, 0.3)

    def statuses(self) -> list[WorkerStatus]:
        """What workers have said of themselves, oldest first; compaction takes the older ones of each."""
        with closing(reader(self.kafka)) as consumer:
            partitions = partitions_of(consumer, [self.topics.status])
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            values = (record for record in read_until(consumer, ends) if record.value)
            return [WorkerStatus.read(Message.of(record)) for record in values]

    # Workers

    def replicas(self) -> int:
        """How many workers are wanted now."""
        return int(self.kubectl("get", "deployment", "worker", "--output=jsonpath={.spec.replicas}"))

    def pods(self, selector: str = WORKERS) -> list[dict[str, Any]]:
        """Pods, those that are leaving too."""
        return list(self.kubectl.get("pods", f"--selector={selector}")["items"])

    def await_zero(self, within_s: float = 120.0) -> None:
        """Wait until no worker is wanted and none is there."""
        until(lambda: self.replicas() == 0 and not self.pods(), within_s, 0.2)

    def watch_worker(self) -> Watch:
        """Of the Deployment `worker`, to be entered."""
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
        return Watch(self.kubectl, path, "fieldSelector=metadata.name%3Dworker")

    def watch_pods(self, selector: str = WORKERS) -> Watch:
        """Of pods, to be entered."""
        query = f"labelSelector={selector.replace('/', '%2F').replace('=', '%3D')}"
        return Watch(self.kubectl, f"/api/v1/namespaces/{NAMESPACE}/pods", query)

    @contextmanager
    def configured(self, **environment: str) -> Iterator[None]:
        """Let autoscalers and workers run with these settings within the block, then be at zero."""
        self._configure(*(f"{name}={value}" for name, value in environment.items()))
        try:
            yield
        finally:
            self._configure(*(f"{name}-" for name in environment))
            self.await_zero()

    @contextmanager
    def frames_in(self, topic: str, partitions: int, **environment: str) -> Iterator[None]:
        """The same, with frames in a topic of its own."""
        before = self.topics
        self.topics = before.model_copy(update={"frames": topic, "partitions": partitions})
        create_topics(self.kafka, self.topics)
        target = json.dumps({before.frames: {"frames": topic}})  # as the ScaledObject names it
        try:
            with self.configured(
                DETECTSCALE_TOPICS__FRAMES=topic, DETECTSCALE_ADAPTER__TARGETS=target, **environment
            ):
                yield
        finally:
            self.topics = before

    def _configure(self, *changes: str) -> None:
        self.kubectl("set", "env", "deployment/autoscaler", "deployment/worker", *changes)
        self.kubectl("rollout", "status", "deployment/autoscaler", "--timeout=120s", timeout_s=130)
        until(self._one_of_them_decides, 60, 0.2)

    def _one_of_them_decides(self) -> bool:
        """Of the autoscalers that run now: those before have given up the Lease."""
        pods = self.pods("app.kubernetes.io/name=autoscaler")
        holder = self.kubectl("get", "lease", "autoscaler", "--output=jsonpath={.spec.holderIdentity}")
        return len(pods) == 2 and holder.partition("_")[0] in {pod["metadata"]["name"] for pod in pods}

    @contextmanager
    def scaled_by(self, triggers: Sequence[Mapping[str, Any]], **spec: Any) -> Iterator[None]:
        """
        Let KEDA scale the workers by other *triggers* for the length of the block.

        Args:
            spec: What else of the ScaledObject is different: `pollingInterval=1`.
        """
        before = self.kubectl.get("scaledobject", "worker")["spec"]
        self._scale({**before, **spec, "triggers": list(triggers)})
        try:
            yield
        finally:
            self._scale(before)

    def _scale(self, spec: Mapping[str, Any]) -> None:
        """Change the ScaledObject; wait until KEDA goes by it."""
        change = json.dumps([{"op": "replace", "path": "/spec", "value": spec}])
        self.kubectl("patch", "scaledobject", "worker", "--type=json", f"--patch={change}")
        types = ",".join(trigger["type"] for trigger in spec["triggers"])
        said = "--output=jsonpath={.status.triggersTypes}"
        until(lambda: self.kubectl("get", "scaledobject", "worker", said) == types, 30)

    # What the overlay wants beforehand

    def _message(self, camera: str = "", image: bytes | None = None) -> Message:
        self._appended += 1
        picture = image or self._images[self._appended % len(self._images)]
        return encode_frame(new_frame(captured(camera or f"e2e-{self._appended}", picture, time(), 0), None))

    def _send(self, message: Message, partition: int | None = None) -> Any:
        headers = list(message.headers)
        return self._producer.send(self.topics.frames, message.value, message.key, headers, partition)

    def _acknowledged(self, sent: Any) -> Appended:
        done = sent.get(timeout=30)
        return Appended(RecordId(done.topic, done.partition, done.offset), done.timestamp / 1000)

    @cached_property
    def _producer(self) -> Any:
        return producer(self.kafka, batch_size=2**20)  # a burst shall be one

    def _certificates(self) -> list[dict[str, Any]]:
        authority = self.cluster.authority("scaler")
        server = authority.issue(
            "autoscaler",
            "autoscaler",
            names=[f"autoscaler.{NAMESPACE}.svc", f"autoscaler.{NAMESPACE}.svc.cluster.local"],
        )
        client = authority.issue("keda-client", "keda-operator", names=[KEDA])
        return [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "stringData": {
                    "ca.crt": authority.file.read_text(),
                    "tls.crt": certificate.read_text(),
                    "tls.key": key.read_text(),
                },
            }
            for name, (certificate, key) in {"autoscaler-tls": server, "keda-client-tls": client}.items()
        ]

    def _brokers(self) -> list[dict[str, Any]]:
        """What stands behind the Services `kafka` and `redis`."""
        addresses = {
            "kafka": self.cluster.kafka,
            "redis": self.cluster.redis.partition("//")[2].partition("/")[0],
        }
        return [
            endpoint(name, NAMESPACE, host, [{"name": name, "port": int(port), "protocol": "TCP"}])
            for name, (host, _, port) in ((name, at.partition(":")) for name, at in addresses.items())
        ]

    def close(self) -> None:
        """Let go of Kafka."""
        if "_producer" in self.__dict__:
            self._producer.close()


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether its readiness probe passes, as the API server knows."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
