"""A picture in, boxes out, from no worker at all; and the gateway is replaced while pictures come in."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import time

import httpx
import pytest

from frames.gateway.api_keys import new_key
from frames.store import StoreCamera
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.deployment import Deployment, is_ready
from tests.e2e.report import Report
from tests.integration.faults.images import small_images
from tests.waiting import until

GATEWAYS = "app.kubernetes.io/name=gateway"
PAUSE_S = 0.1
"""Between two posts."""


class FrontDoor:
    """The gateway's Service, as a client with a key reaches it from outside of the pods."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._key, line = new_key("e2e")
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gateway-keys"}}
        deployment.kubectl.apply(secret | {"stringData": {"keys": line}})
        # Not the pod of `up`: it has waited for this Secret, and looks again only now and then.
        for replicas in (0, 1):
            deployment.kubectl("scale", "deployment/gateway", f"--replicas={replicas}")
        until(lambda: [is_ready(pod) for pod in deployment.pods(GATEWAYS)] == [True], 60)
        service = deployment.kubectl.get("service", "gateway")["spec"]
        self.url = f"http://{service['clusterIP']}:{service['ports'][0]['port']}"

    def post(self, path: str, picture: bytes) -> httpx.Response:
        """By a connection of its own, which no gateway that leaves can cut between two requests."""
        headers = {"content-type": "image/jpeg", "authorization": f"Bearer {self._key}"}
        return httpx.post(f"{self.url}{path}", content=picture, headers=headers, timeout=60, trust_env=False)

    @contextmanager
    def posting(self) -> Iterator[Counter[str]]:
        """One picture after another for the length of the block; counts the answers."""
        answers: Counter[str] = Counter()
        stop = threading.Event()

        def post() -> None:
            pictures = small_images()
            while not stop.wait(PAUSE_S):
                try:
                    answers[str(self.post("/v1/frames", pictures[0]).status_code)] += 1
                except httpx.HTTPError as error:
                    answers[repr(error)] += 1

        thread = threading.Thread(target=post)
        thread.start()
        try:
            yield answers
        finally:
            stop.set()
            thread.join()

    def replace(self) -> None:
        """Have another pod in place of this one, as an update does; wait until the old one is gone."""
        old = {pod["metadata"]["uid"] for pod in self._deployment.pods(GATEWAYS)}
        self._deployment.kubectl("rollout", "restart", "deployment/gateway")
        self._deployment.kubectl("rollout", "status", "deployment/gateway", "--timeout=120s", timeout_s=130)
        until(lambda: not old & {pod["metadata"]["uid"] for pod in self._deployment.pods(GATEWAYS)}, 90)

    def close(self) -> None:
        """No gateway for those who come after; the HPA leaves a Deployment at 0 alone."""
        self._deployment.kubectl("scale", "deployment/gateway", "--replicas=0")


@pytest.fixture(scope="module")
def front_door(own_cluster: Cluster, session_deployment: Deployment) -> Iterator[FrontDoor]:
    door = FrontDoor(session_deployment)
    yield door
    door.close()


def test_a_picture_that_is_posted_brings_a_worker_and_its_boxes_come_back(
    front_door: FrontDoor, deployment: Deployment, report: Report
) -> None:
    picture, began_at = StoreCamera(9005).jpeg(3.0)[0], time()

    answered = front_door.post("/v1/detect", picture)

    report.add("front door: from zero", boxes_s=time() - began_at)
    assert answered.status_code == httpx.codes.OK, answered.text
    assert answered.json()["detections"]


def test_replacing_the_gateway_loses_no_request(
    front_door: FrontDoor, session_deployment: Deployment, report: Report
) -> None:
    since = session_deployment.mark()
    with front_door.posting() as answers:
        until(lambda: answers.total() > 10)

        front_door.replace()

        replaced_at = answers.total()
        until(lambda: answers.total() > replaced_at + 10)

    report.add("front door: an update while posts come in", answers=dict(answers))
    assert answers.keys() == {"202"}
    assert session_deployment.balanced(since, 180).records == answers.total()
