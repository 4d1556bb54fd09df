"""`components/camera`: what its cameras see is detected, and their file is followed without a restart."""

import json
from collections.abc import Iterator, Sequence

import pytest
import yaml

from frames.ledger import Mark
from frames.outcome import Detected
from tests.e2e.deployment import Deployment, is_ready
from tests.e2e.report import Report
from tests.waiting import until

CAMERAS = "app.kubernetes.io/name=camera"
CONFIG_MAP, FILE = "configmap/cameras", "cameras.yaml"
YARD = {"source": "store:9", "fps": 2}


@pytest.fixture
def camera(deployment: Deployment) -> Iterator[str]:
    """The name of the camera's pod, which gives pictures."""
    file = _cameras_file(deployment)
    deployment.kubectl("scale", "deployment/camera", "--replicas=1")
    until(lambda: [is_ready(pod) for pod in deployment.pods(CAMERAS)] == [True], 60)
    yield deployment.pods(CAMERAS)[0]["metadata"]["name"]
    _stop(deployment)
    _write_cameras_file(deployment, file)


def test_cameras_bring_workers_and_a_camera_that_is_added_films_without_a_restart(
    deployment: Deployment, camera: str, report: Report
) -> None:
    since = deployment.mark()
    until(lambda: _detected(deployment, since) == ["shop"], 90)
    before = _containers(deployment)

    _write_cameras_file(deployment, _cameras_file(deployment) | {"yard": YARD})
    # The node copies a ConfigMap that has changed into a pod when it next looks at the pod.
    deployment.kubectl("annotate", f"pod/{camera}", "e2e/look-at=cameras")

    until(lambda: _detected(deployment, since) == ["shop", "yard"], 120)
    assert _containers(deployment) == before
    _stop(deployment)
    ledger = deployment.balanced(since)
    report.add("cameras", frames=ledger.records, lost=len(ledger.lost), duplicates=ledger.duplicates)
    assert ledger.duplicates == 0


def _detected(deployment: Deployment, since: Mark) -> Sequence[str]:
    """The cameras of which a frame was detected."""
    outcomes = deployment.outcomes(since)
    return sorted({outcome.camera for outcome, _ in outcomes if isinstance(outcome, Detected)})


def _containers(deployment: Deployment) -> list[str]:
    """Which containers film: a restart gives another id."""
    return [pod["status"]["containerStatuses"][0]["containerID"] for pod in deployment.pods(CAMERAS)]


def _cameras_file(deployment: Deployment) -> dict[str, object]:
    file: dict[str, object] = yaml.safe_load(deployment.kubectl.get(CONFIG_MAP)["data"][FILE])
    return file


def _write_cameras_file(deployment: Deployment, cameras: dict[str, object]) -> None:
    change = json.dumps({"data": {FILE: yaml.safe_dump(cameras)}})
    deployment.kubectl("patch", CONFIG_MAP, "--type=merge", f"--patch={change}")


def _stop(deployment: Deployment) -> None:
    """In an orderly way: what it has filmed is in Kafka afterwards."""
    deployment.kubectl("scale", "deployment/camera", "--replicas=0")
    until(lambda: not deployment.pods(CAMERAS), 60)
