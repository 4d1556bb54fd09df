"""The training Job on two pods, one of which is lost in the middle."""

import re
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.e2e.cluster.cluster import Cluster
from tests.e2e.cluster.images import image
from tests.e2e.cluster.kubectl import KubectlError
from tests.e2e.report import Report
from tests.training.squares import SIZE, write_squares
from tests.waiting import until
from workers.model import ModelSettings, load_model
from workers.training.course import TrainSettings
from workers.training.train import train

ULTRALYTICS = find_spec("ultralytics")
"""Not imported here: that is for those to do who see to it that it loads weights safely."""

pytestmark = pytest.mark.skipif(not ULTRALYTICS, reason="the extra 'ultralytics' is not installed")

NAMESPACE = "training"
COMPONENT = Path(__file__).parents[2] / "manifests" / "components" / "training"
IMAGES, EPOCHS, BATCH, RATE = 96, 12, 8, 0.005
SETTINGS = ["--data=/training/squares", f"--width={SIZE}", f"--height={SIZE}", f"--epochs={EPOCHS}"]
SETTINGS += [f"--batch-size={BATCH}", f"--learning-rate={RATE}"]
OWN = "import sysconfig; print(sysconfig.get_path('purelib'))"
PACKAGES = f'export PYTHONPATH=$(python -c "{OWN}"):/packages; '
"""The image's own come first: the host's OpenCV may want a window system."""


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A folder that pods write to, with the images in it."""
    folder = tmp_path / "volume"
    folder.mkdir()
    folder.chmod(0o777)
    write_squares(folder / "squares", IMAGES)
    return folder


@pytest.fixture
def job(own_cluster: Cluster, volume: Path) -> Iterator["Job"]:
    job = Job(own_cluster, volume)
    yield job
    job.close()


class Job:
    """The component with folders of this host in place of storage and of an image of 6 GB."""

    def __init__(self, cluster: Cluster, volume: Path) -> None:
        """Start it in a namespace of its own: no folder of the host is allowed in that of the project."""
        self.kubectl = cluster.kubectl.within(NAMESPACE)
        cluster.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        self.kubectl.apply(*_objects(volume))

    def close(self) -> None:
        self.kubectl("delete", "namespace", NAMESPACE, "--timeout=120s", timeout_s=130)

    def pod(self, index: int) -> str:
        """The newest pod of an index, by name."""
        selector = f"--selector=batch.kubernetes.io/job-completion-index={index}"
        names = self.kubectl(
            "get", "pods", selector, "--sort-by=.metadata.creationTimestamp", "--output=name"
        )
        return names.split()[-1] if names.split() else ""

    def log(self, index: int) -> str:
        """What the newest pod of an index has said so far; nothing before it runs."""
        try:
            return self.kubectl("logs", self.pod(index))
        except KubectlError:
            return ""

    def epoch(self) -> int:
        """The last epoch that was finished."""
        return max(map(int, re.findall(r"^epoch (\d+):", self.log(0), re.M)), default=0)

    def complete(self) -> bool:
        conditions = self.kubectl.get("job", "training")["status"].get("conditions", [])
        states = {one["type"] for one in conditions if one["status"] == "True"}
        assert "Failed" not in states, self.log(0)
        return "Complete" in states


@pytest.mark.timeout(1200)
def test_a_lost_pod_comes_back_and_two_find_as_much_as_one(job: Job, volume: Path, report: Report) -> None:
    began_at = time.monotonic()
    until(lambda: job.epoch() >= EPOCHS // 3, 300, 0.5)
    lost, lost_at = job.pod(1), time.monotonic()

    job.kubectl("delete", lost, "--grace-period=0", "--force")
    until(lambda: job.pod(1) not in ("", lost) and "goes on after epoch" in job.log(1), 300, 0.5)
    recovered_s = time.monotonic() - lost_at
    until(job.complete, 300, 0.5)
    took_s = time.monotonic() - began_at

    of_first, of_second = (re.findall(r"parameters (\w{64})", job.log(index))[-1] for index in (0, 1))
    found = float(re.findall(rf"^epoch {EPOCHS}: .* mAP50 ([\d.]+) ", job.log(0), re.M)[-1])
    alone = _alone(volume)
    report.add(
        "training: two pods, one lost",
        took_s=took_s,
        recovered_s=recovered_s,
        map50=found,
        map50_alone=alone,
    )
    assert of_first == of_second
    assert alone > 0.9
    assert found == pytest.approx(alone, abs=0.03)
    model = load_model(ModelSettings(path=str(volume / "model.onnx")), volume / "cache")
    assert model.labels == ("square",)


def _alone(volume: Path) -> float:
    """`map50` after a training by one process on the same data."""
    settings = TrainSettings(
        volume / "squares", width=SIZE, height=SIZE, epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE
    )
    found: list[float] = []
    train(settings, volume / "alone.pt", lambda epoch: found.append(epoch.validation.map50))
    return found[-1]


def _objects(volume: Path) -> list[dict[str, object]]:
    """The component's objects, changed as `Job` says."""
    objects = list(yaml.safe_load_all((COMPONENT / "training.yaml").read_text()))
    (job,) = (one for one in objects if one["kind"] == "Job")
    pod = job["spec"]["template"]["spec"]
    assert ULTRALYTICS
    assert ULTRALYTICS.origin
    host = {"training": str(volume), "packages": str(Path(ULTRALYTICS.origin).parents[1])}
    pod["volumes"] = [
        *(one for one in pod["volumes"] if one["name"] != "training"),
        *({"name": name, "hostPath": {"path": path, "type": "Directory"}} for name, path in host.items()),
    ]
    (container,) = pod["containers"]
    container |= {"image": image("worker"), "imagePullPolicy": "Never"}
    container["resources"] = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1"}}
    container["command"][2] = PACKAGES + container["command"][2].replace(
        "torchrun", "python -m torch.distributed.run", 1
    )
    container["args"] += SETTINGS
    container["volumeMounts"].append({"name": "packages", "mountPath": "/packages", "readOnly": True})
    return [one for one in objects if one["kind"] != "PersistentVolumeClaim"]
